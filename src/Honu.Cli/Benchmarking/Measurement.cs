using System.Diagnostics;
using Honu.Cli.Benchmarking.Interop;

namespace Honu.Cli.Benchmarking;

/// <summary>What one workload cost one engine in one round.</summary>
/// <param name="Operations">How many operations it had.</param>
/// <param name="WallNanoseconds">From the first to the end of the last.</param>
/// <param name="ThreadCpuNanoseconds">Processor time of the thread that ran it.</param>
/// <param name="ProcessCpuNanoseconds">Processor time of the whole process, until background work that it caused had ended.</param>
/// <param name="AllocatedBytes">What the thread took from the garbage-collected heap.</param>
internal readonly record struct Measurement(
    int Operations, double WallNanoseconds, double ThreadCpuNanoseconds, double ProcessCpuNanoseconds, long AllocatedBytes)
{
    /// <summary>Runs a workload and measures it. Compactions of earlier ones must have ended: see <see cref="BackgroundWork"/>.</summary>
    public static Measurement Take(Func<int> workload, CancellationToken cancellation)
    {
        // What earlier workloads left to the garbage collector is not this one's to pay.
        GC.Collect();
        var process = CpuTime.OfProcess();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var thread = CpuTime.OfThread();
        var start = Stopwatch.GetTimestamp();

        var operations = workload();

        var wall = Stopwatch.GetElapsedTime(start);
        thread = CpuTime.OfThread() - thread;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        BackgroundWork.WaitForEnd(cancellation);
        process = CpuTime.OfProcess() - process;
        return new Measurement(operations, wall.TotalNanoseconds, thread, process, allocated);
    }
}

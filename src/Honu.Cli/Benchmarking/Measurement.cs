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
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    // A compaction is quiet while it waits for the disk: the pause must be longer than a sync of one table usually takes.
    private const int QuietPolls = 20;

    private const long QuietNanoseconds = 500_000;

    /// <summary>Runs a workload and measures it. Compactions of earlier ones must have ended: see <see cref="Settle"/>.</summary>
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
        Settle(cancellation);
        process = CpuTime.OfProcess() - process;
        return new Measurement(operations, wall.TotalNanoseconds, thread, process, allocated);
    }

    /// <summary>Waits until the process does nothing any more: the engines compact in threads of their own, for a while after the last write.</summary>
    public static void Settle(CancellationToken cancellation)
    {
        var last = CpuTime.OfProcess();
        for (var quiet = 0; quiet < QuietPolls;)
        {
            if (cancellation.WaitHandle.WaitOne(Poll))
                cancellation.ThrowIfCancellationRequested();
            var now = CpuTime.OfProcess();
            quiet = now - last < QuietNanoseconds ? quiet + 1 : 0;
            last = now;
        }
    }
}

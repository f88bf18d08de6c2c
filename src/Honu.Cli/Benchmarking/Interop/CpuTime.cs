using System.Runtime.InteropServices;

namespace Honu.Cli.Benchmarking.Interop;

/// <summary>Processor time of the calling thread and of the process, in nanoseconds since some beginning.</summary>
/// <remarks>The runtime tells only the process's, in steps too coarse for a short workload. Where the system has no such clocks (Windows), both are the process's.</remarks>
internal static partial class CpuTime
{
    // CLOCK_THREAD_CPUTIME_ID and CLOCK_PROCESS_CPUTIME_ID.
    private static readonly (int Thread, int Process)? Clocks = OperatingSystem.IsLinux() ? (3, 2) : OperatingSystem.IsMacOS() ? (16, 12) : null;

    /// <summary>What the calling thread has used.</summary>
    public static long OfThread() => Read(Clocks?.Thread);

    /// <summary>What all threads of the process have used, the engines' own included.</summary>
    public static long OfProcess() => Read(Clocks?.Process);

    private static long Read(int? clock)
    {
        if (clock is { } id && clock_gettime(id, out var time) == 0)
            return (time.Seconds * 1_000_000_000) + time.Nanoseconds;
        return Environment.CpuUsage.TotalTime.Ticks * 100;
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Timespec
    {
        // C's time_t and long: as wide as a pointer on every system that .NET runs on.
        private readonly nint _seconds;
        private readonly nint _nanoseconds;

        public long Seconds => _seconds;

        public long Nanoseconds => _nanoseconds;
    }
}

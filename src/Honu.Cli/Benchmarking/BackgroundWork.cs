using Honu.Cli.Benchmarking.Interop;

namespace Honu.Cli.Benchmarking;

/// <summary>What engines do after a call has returned: compactions and flushes, in threads of their own.</summary>
internal static class BackgroundWork
{
    private const int QuietPolls = 10;
    private const long QuietNanoseconds = 500_000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    /// <summary>Waits until the process computes nothing any more and no thread of it waits for the disk.</summary>
    public static void WaitForEnd(CancellationToken cancellation)
    {
        var last = CpuTime.OfProcess();
        for (var quiet = 0; quiet < QuietPolls;)
        {
            if (cancellation.WaitHandle.WaitOne(Poll))
                cancellation.ThrowIfCancellationRequested();
            var now = CpuTime.OfProcess();
            quiet = now - last < QuietNanoseconds ? quiet + 1 : 0;
            last = now;
            // Asked only when all seems over: it costs more than all polls before it.
            if (quiet == QuietPolls && AnyThreadWaitsForDisk())
                quiet = 0;
        }
    }

    // A compaction that syncs a table computes nothing for as long as a busy disk takes: Linux shows such a thread in state D. Elsewhere the quiet alone must do.
    private static bool AnyThreadWaitsForDisk()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                // "ID (name) STATE …": the name may hold anything, so its end is the last parenthesis.
                var stat = File.ReadAllText($"{thread}/stat");
                if (stat.AsSpan(stat.LastIndexOf(')') + 1).TrimStart().StartsWith('D'))
                    return true;
            }
            catch (IOException)
            {
                // The thread has ended meanwhile.
            }
        }

        return false;
    }
}

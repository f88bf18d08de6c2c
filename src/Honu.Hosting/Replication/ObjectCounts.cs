namespace Honu.Hosting;

/// <summary>Objects and deletions of the namespaces, counted when they are asked for. A count is used again while nothing was written, or while counting anew would take more than a tenth of the time.</summary>
internal sealed class ObjectCounts(ReplicationPort store, TimeProvider time)
{
    // What has expired since is not seen by the clock of versions.
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Counted> _counts = new(StringComparer.Ordinal);

    public (long Objects, long Tombstones) Of(string ns)
    {
        // One at a time: many who ask together get one count.
        lock (_gate)
        {
            var began = time.GetTimestamp();
            var clock = store.ClockScalar;
            if (_counts.TryGetValue(ns, out var known) && IsGood(known, clock))
                return (known.Objects, known.Tombstones);
            var (objects, tombstones) = store.CountObjects(ns);
            var ended = time.GetTimestamp();
            _counts[ns] = new Counted(objects, tombstones, clock, ended, time.GetElapsedTime(began, ended));
            return (objects, tombstones);
        }
    }

    private bool IsGood(Counted known, ulong clock)
    {
        var age = time.GetElapsedTime(known.At);
        return age < MaxAge && (known.Clock == clock || age < known.Cost * 10);
    }

    private sealed record Counted(long Objects, long Tombstones, ulong Clock, long At, TimeSpan Cost);
}

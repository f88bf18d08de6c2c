namespace Honu.Hosting.Services;

/// <summary>Takes what a scan finds. The spans are valid during the call only.</summary>
internal interface IScanSink
{
    /// <summary>Takes one version.</summary>
    /// <returns><see langword="false"/> to pause after it: <see cref="StoreScanner.Run"/> returns and goes on there when called again.</returns>
    bool Accept(string ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in ObjectVersion version, bool lostConflict);
}

/// <summary>
/// Reads one snapshot in key order, namespace by namespace, and can pause after any version: a server waits for its client then,
/// which a ref-struct enumerator does not survive. To go on, it seeks to the key after the last one.
/// </summary>
internal sealed class StoreScanner
{
    private readonly HonuSnapshot _snapshot;
    private readonly StoreScan _scan;
    private readonly string[] _namespaces;
    private readonly byte[]? _from;
    private readonly byte[]? _to;
    private long _remaining;
    private int _namespace;
    private byte[]? _last;
    private Queue<HistoryEntry>? _versions;

    public StoreScanner(HonuSnapshot snapshot, StoreScan scan)
    {
        _snapshot = snapshot;
        _scan = scan;
        _namespaces = scan.Namespace is { } one ? [one] : [.. snapshot.Namespaces];
        if (scan.Reverse)
            Array.Reverse(_namespaces);
        (_from, _to) = KeyRange.Of(scan);
        var empty = _from is not null && _to is not null && _from.AsSpan().SequenceCompareTo(_to) >= 0;
        _remaining = empty ? 0 : scan.Limit ?? long.MaxValue;
    }

    /// <summary>Hands versions to <paramref name="sink"/> until it pauses or all are read.</summary>
    /// <returns>Whether there may be more.</returns>
    public bool Run(IScanSink sink, CancellationToken cancellationToken)
    {
        for (; _namespace < _namespaces.Length; _namespace++, _last = null)
        {
            var ns = _namespaces[_namespace];
            while (true)
            {
                if (!Versions(ns, sink))
                    return true;
                if (_remaining <= 0)
                    return false;
                if (!Objects(ns, sink, cancellationToken, out var paused))
                    break;
                if (paused)
                    return true;
            }
        }

        return false;
    }

    /// <returns>False when the namespace has no more; else the sink paused, or an object's versions wait to be handed over.</returns>
    private bool Objects(string ns, IScanSink sink, CancellationToken cancellationToken, out bool paused)
    {
        paused = false;
        var view = _snapshot.Namespace(ns);
        foreach (var entry in view.Scan(Options()))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_remaining <= 0)
                return false;
            _remaining--;
            if (_scan.IncludeHistory)
            {
                _last = entry.Key.ToArray();
                _versions = Wanted(view.History(_last));
                return true;
            }

            var value = _scan.KeysOnly ? default : entry.Value;
            if (!sink.Accept(ns, entry.Key, value, entry.Version, lostConflict: false))
            {
                _last = entry.Key.ToArray();
                paused = true;
                return true;
            }
        }

        return false;
    }

    private bool Versions(string ns, IScanSink sink)
    {
        while (_versions is { Count: > 0 })
        {
            var entry = _versions.Dequeue();
            var value = _scan.KeysOnly ? default : entry.Value.Span;
            if (!sink.Accept(ns, _last, value, entry.Version, entry.LostConflict))
                return false;
        }

        _versions = null;
        return true;
    }

    // Oldest first, so that whoever writes the versions in this order ends with the current one.
    private Queue<HistoryEntry> Wanted(IReadOnlyList<HistoryEntry> newestFirst) =>
        new(newestFirst.Reverse().Where(entry => _scan.IncludeTombstones || !entry.Version.IsDeleted));

    private ScanOptions Options() => new()
    {
        From = _last is null || _scan.Reverse ? _from : [.. _last, 0],
        To = _last is null || !_scan.Reverse ? _to : _last,
        Reverse = _scan.Reverse,
        IncludeTombstones = _scan.IncludeTombstones,
    };
}

/// <summary>The keys that a prefix and two bounds have in common, as one range.</summary>
internal static class KeyRange
{
    public static (byte[]? From, byte[]? To) Of(StoreScan scan)
    {
        var from = scan.From.IsEmpty ? null : scan.From.ToArray();
        var to = scan.To.IsEmpty ? null : scan.To.ToArray();
        if (scan.Prefix.IsEmpty)
            return (from, to);

        var prefix = scan.Prefix.ToArray();
        var end = After(prefix);
        if (from is null || from.AsSpan().SequenceCompareTo(prefix) < 0)
            from = prefix;
        if (to is null || (end is not null && to.AsSpan().SequenceCompareTo(end) > 0))
            to = end;
        return (from, to);
    }

    /// <summary>The first key after all that begin with <paramref name="prefix"/>; null when there is none (it is all 0xFF).</summary>
    private static byte[]? After(byte[] prefix)
    {
        var length = prefix.Length;
        while (length > 0 && prefix[length - 1] == 0xFF)
            length--;
        if (length == 0)
            return null;
        var end = prefix[..length];
        end[^1]++;
        return end;
    }
}

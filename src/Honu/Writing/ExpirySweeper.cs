using Honu.Format;

namespace Honu.Writing;

/// <summary>Drops the values of expired versions: of the current record, and of the copies in history.</summary>
/// <remarks>
/// No version is written. A tombstone with a version of its own would beat an overwrite that another replica has made and this one has
/// not seen; the record that expired says the same to everybody. Dropping changes neither its version nor its checksum, so that
/// replicas which have dropped it and those which have not hold the same. Reads do not wait for it.
/// </remarks>
internal sealed class ExpirySweeper(StoreCore core)
{
    private const long MaxBytesPerStep = 4 << 20;

    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];
    private ulong _earliest;
    private NamespaceState? _state;

    /// <summary>Whether a version may have expired that still has its value.</summary>
    public bool HasWork => Volatile.Read(ref _earliest) <= core.Clock.Now && core.Identity.Clock == VersionClock.Hybrid;

    /// <summary>Notes a received record that expires; one that has dropped its value already has nothing to lose.</summary>
    public void Stage(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader record)
    {
        if (record.Expiry != 0 && !record.IsTombstone)
            Stage(state.Id, key, record.Expiry);
    }

    /// <summary>Notes that a version of a key expires.</summary>
    public void Stage(ushort ns, ReadOnlySpan<byte> key, ulong expiry)
    {
        ExpiryEntry.Put(core.Batch, expiry, ns, key);
        Volatile.Write(ref _earliest, Math.Min(_earliest, expiry));
    }

    /// <summary>Drops the values of some versions. Called by the committing thread.</summary>
    /// <param name="maxEntries">How many expiries to look at.</param>
    /// <returns>Whether more have expired already.</returns>
    public bool Step(int maxEntries)
    {
        var now = core.Clock.Now;
        using var entries = core.Engine.CreateIterator();
        entries.Seek([KeySpaces.Expiry]);
        for (var bytes = 0L; entries.IsValid && entries.Key[0] == KeySpaces.Expiry && maxEntries > 0 && bytes < MaxBytesPerStep; maxEntries--)
        {
            if (!ExpiryEntry.TryRead(entries.Key, entries.Value, out var key, out var expiry, out var ns))
            {
                // Nothing hangs on it but the value of one expired version: those behind it must get their turn.
                core.Batch.Delete(entries.Key);
                entries.Next();
                continue;
            }

            if (expiry > now)
            {
                Write();
                Volatile.Write(ref _earliest, expiry);
                return false;
            }

            bytes += DropValues(ns, key, now);
            core.Batch.Delete(entries.Key);
            entries.Next();
        }

        entries.ThrowIfFailed();
        var isAtEnd = !entries.IsValid || entries.Key[0] != KeySpaces.Expiry;
        Write();
        if (isAtEnd)
            Volatile.Write(ref _earliest, ulong.MaxValue);
        return !isAtEnd;
    }

    private void Write()
    {
        core.WriteBatch(sync: false);
        core.Changes.Publish();
    }

    private long DropValues(ushort ns, ReadOnlySpan<byte> key, ulong now)
    {
        long bytes = key.Length;
        using (var found = core.Engine.Get(KeySpaces.CurrentKey(_keyBuffer, ns, key)))
        {
            if (!found.Found)
                return bytes;
            var current = StoreCore.Parse(found.Span, key);
            var isDue = IsDue(current, now);
            if (isDue)
                FindState(ns)?.Deletions.Expired(key, current.Version);
            bytes += DropValue(_keyBuffer.AsSpan(0, KeySpaces.NamespacePrefixBytes + key.Length), current, now);
            if (isDue && core.Changes.IsWatched && FindState(ns) is { } state)
                core.Changes.Stage(state, key, core.Records.Drop(current), isLocal: false);
        }

        using var history = core.Engine.CreateIterator();
        for (history.Seek(KeySpaces.HistoryPrefix(_keyBuffer, ns, key)); history.IsValid && KeySpaces.IsHistoryKeyOf(history.Key, ns, key, out _); history.Next())
            bytes += DropValue(history.Key, StoreCore.Parse(history.Value, key), now);
        history.ThrowIfFailed();
        return bytes;
    }

    private NamespaceState? FindState(ushort ns)
    {
        // Expiries of one namespace usually come together.
        if (_state?.Id != ns || _state.IsDropped)
            _state = core.Namespaces.All.FirstOrDefault(known => known.Id == ns);
        return _state;
    }

    private static bool IsDue(scoped in RecordReader record, ulong now) => record.Expiry != 0 && !record.IsTombstone && record.Expiry <= now;

    private int DropValue(ReadOnlySpan<byte> engineKey, scoped in RecordReader record, ulong now)
    {
        if (!IsDue(record, now))
            return RecordLayout.HeaderBytes;
        core.Batch.Put(engineKey, core.Records.Drop(record));
        return record.Value.Length;
    }
}

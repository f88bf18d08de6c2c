using Honu.Format;
using Honu.Writing;

namespace Honu.Reconciling;

/// <summary>The full streams that are being received: their headers, what they have staged, and what ended ones have left. For the committing thread only.</summary>
/// <remarks>
/// <para>
/// Each stream stages under a number of its own, so several may run at once, and beginning anew costs one header: what stands under a number that no header
/// names is removed in the background. Header, staged rows and records of a chunk are in one batch, so a kill leaves either all or nothing of it.
/// </para>
/// <para>
/// Into a namespace without records nothing is staged: there is nothing that the end could find deleted. That holds as long as nothing else comes that the
/// target covers, or that lies below the purge mark; otherwise the stream is broken: its end joins nothing, and the next attempt stages.
/// </para>
/// </remarks>
internal sealed class FullStreams(StoreCore core)
{
    private readonly List<(NamespaceState State, ReplicaId Sender, FullStream? Stream)> _staged = [];
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];
    private uint _nextId = 1;

    /// <summary>Whether rows of ended streams may be left.</summary>
    public bool HasWork { get; private set; }

    /// <summary>The stream that a chunk belongs to: the one that is known, or a new one.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="cursor">What the chunk says of its stream.</param>
    /// <param name="firstKey">The first key that it brings.</param>
    public FullStream Enter(NamespaceState state, StreamCursor cursor, ReadOnlySpan<byte> firstKey)
    {
        var frontier = cursor.Frontier ?? cursor.Target;
        if (state.FullStreams.TryGetValue(cursor.Sender, out var known))
        {
            var isSame = known.Incarnation == cursor.Incarnation && known.Frontier.Equals(frontier) && cursor.Target.Dominates(known.Target);

            // A broken stream cannot be told to go on, so one that goes back to earlier keys is a new one.
            var isBegunAnew = known.IsBroken && !firstKey.IsEmpty && firstKey.SequenceCompareTo(known.Position) <= 0;
            if (isSame && !isBegunAnew)
                return known.Target.Equals(cursor.Target) ? known : known with { Target = cursor.Target };
            HasWork |= !known.WasEmpty;
        }

        return new FullStream(cursor.Sender, cursor.Incarnation, _nextId++, cursor.Target, frontier) { WasEmpty = IsEmpty(state) };
    }

    /// <summary>Whether a namespace holds no record at all.</summary>
    public bool IsEmpty(NamespaceState state)
    {
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.Current, state.Id);
        using var records = core.Engine.CreateIterator(verify: true);
        records.Seek(prefix);
        records.ThrowIfFailed();
        return !records.IsValid || !records.Key.StartsWith(prefix);
    }

    /// <summary>Adds what a stream has brought for a key to the batch.</summary>
    public void StageKey(NamespaceState state, FullStream stream, ReadOnlySpan<byte> key, scoped in RecordReader record, bool withRecord)
    {
        if (!stream.WasEmpty)
            MetaRecords.Put(core.Batch, KeySpaces.StagedKey(_keyBuffer, state.Id, stream.Id, key), StagedKey.Encode(record, record.IsDeleted(core.Clock), withRecord));
    }

    /// <summary>Adds a stream's header to the batch.</summary>
    public void StageHeader(NamespaceState state, FullStream stream)
    {
        MetaRecords.Put(core.Batch, KeySpaces.StreamKey(_keyBuffer, state.Id, stream.Sender), stream.Encode());
        _staged.Add((state, stream.Sender, stream));
    }

    /// <summary>A stream has ended, whatever came of it.</summary>
    public void StageEnd(NamespaceState state, FullStream stream)
    {
        core.Batch.Delete(KeySpaces.StreamKey(_keyBuffer, state.Id, stream.Sender));
        _staged.Add((state, stream.Sender, null));
    }

    /// <summary>Notes a record that came by another way than <paramref name="own"/>: streams that have staged nothing may be broken by it.</summary>
    public void StageForeign(NamespaceState state, FullStream? own, scoped in RecordReader record)
    {
        foreach (var stream in state.FullStreams.Values)
        {
            if (stream.Sender == own?.Sender || !stream.WasEmpty || stream.IsBroken || stream.IsPlain)
                continue;
            if (stream.Target.Covers(record.Version) || record.Version.Scalar <= stream.GreatestPurged)
                StageHeader(state, stream with { IsBroken = true });
        }
    }

    /// <summary>Reads the headers of a store that was just opened, or opened again.</summary>
    public void Load()
    {
        _staged.Clear();
        HasWork = false;
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        using var rows = core.Engine.CreateIterator(verify: true);
        foreach (var state in core.Namespaces.All)
        {
            state.FullStreams.Clear();
            KeySpaces.Prefix(prefix, KeySpaces.Staging, state.Id);
            for (rows.Seek(prefix); rows.IsValid && rows.Key.StartsWith(prefix); rows.Next())
            {
                if (!KeySpaces.IsStreamKey(rows.Key, out var sender))
                {
                    HasWork = true;
                    break;
                }

                var stream = FullStream.Decode(sender, MetaRecords.Open(rows.Key, rows.Value)) ?? throw MetaRecords.Damaged(rows.Key);
                state.FullStreams[sender] = stream;
                _nextId = Math.Max(_nextId, stream.Id + 1);
            }
        }

        rows.ThrowIfFailed();
        if (HasWork)
            FindLastId(rows);
    }

    /// <summary>Removes some rows of ended streams. Called by the committing thread.</summary>
    /// <returns>Whether more may be left.</returns>
    public bool Step(int maxEntries)
    {
        var removed = 0;
        var states = core.Namespaces.All.ToDictionary(static state => state.Id);
        using (var rows = core.Engine.CreateIterator())
        {
            for (rows.Seek([KeySpaces.Staging]); removed < maxEntries && rows.IsValid && rows.Key[0] == KeySpaces.Staging;)
            {
                if (KeySpaces.IsStagedKey(rows.Key, out var id) && states.TryGetValue(KeySpaces.ReadNamespace(rows.Key), out var state))
                {
                    if (state.FullStreams.Values.Any(stream => stream.Id == id))
                    {
                        rows.Seek(KeySpaces.PrefixEnd(KeySpaces.StagedPrefix(_keyBuffer, state.Id, id)));
                        continue;
                    }

                    core.Batch.Delete(rows.Key);
                    removed++;
                }

                rows.Next();
            }

            rows.ThrowIfFailed();
        }

        core.WriteBatch(sync: false);
        HasWork = removed == maxEntries;
        return HasWork;
    }

    /// <summary>The batch was written.</summary>
    public void Publish()
    {
        foreach (var (state, sender, stream) in _staged)
        {
            if (state.FullStreams.TryGetValue(sender, out var known) && known.Id != stream?.Id)
                HasWork |= !known.WasEmpty;
            if (stream is null)
                state.FullStreams.Remove(sender);
            else
                state.FullStreams[sender] = stream;
        }

        _staged.Clear();
    }

    /// <summary>The batch was given up.</summary>
    public void Discard() => _staged.Clear();

    // From one stream's rows to the next, so that a number is not given out while rows stand under it.
    private void FindLastId(Engines.EngineIterator rows)
    {
        rows.Seek([KeySpaces.Staging]);
        while (rows.IsValid && rows.Key[0] == KeySpaces.Staging)
        {
            if (KeySpaces.IsStagedKey(rows.Key, out var id))
            {
                _nextId = Math.Max(_nextId, id + 1);
                rows.Seek(KeySpaces.PrefixEnd(KeySpaces.StagedPrefix(_keyBuffer, KeySpaces.ReadNamespace(rows.Key), id)));
            }
            else
            {
                rows.Next();
            }
        }

        rows.ThrowIfFailed();
    }
}

using Honu.Digests;
using Honu.Format;
using Honu.Writing;

namespace Honu.Applying;

// Digest repair, the only exception to R1: what the vector covers may be applied, because it is here no more (R13, T13).
internal sealed partial class RemoteApplier
{
    /// <summary>Applies a block of records that this store seems to have lost. Called by the committing thread.</summary>
    /// <exception cref="HonuException">A record fails its checks, or is too far ahead of the clock: nothing of the present batch was written.</exception>
    public ApplyResult Repair(RepairView view, ReadOnlySpan<byte> block, RecordBlockWriter? better)
    {
        if (core.Namespaces.Find(view.Namespace) is not { } state || state != view.State)
            return default;
        BeginBlock(state);
        CheckAll(state, block, mayDefer: false);
        var reader = new RecordBlockReader(block);
        while (reader.MoveNext())
        {
            var hash = default(HashCode);
            hash.AddBytes(reader.Key);
            if (!_keysInBatch.Add(hash.ToHashCode()))
                core.Commit(sync: false);
            var record = StoreCore.Parse(reader.Record, reader.Key);
            if (state.Vector.Covers(record.Version))
                RepairOne(state, reader.Key, record, mayBeAbsentRightly: state.Removals != view.Removals, better);
            else
                ApplyOne(state, reader.Key, record, stream: null);
        }

        core.Commit(sync: false);
        return new ApplyResult(_counts, Joined: false);
    }

    private void RepairOne(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader incoming, bool mayBeAbsentRightly, RecordBlockWriter? better)
    {
        var currentKey = KeySpaces.CurrentKey(_keyBuffer, state.Id, key);
        var hash = core.Hash.Of(state.Id, key);
        core.Heads.Remove(hash, state.Id, key);

        // The filter is not asked: it may never have known a record that vanished before it was built.
        using var found = core.Engine.Get(currentKey);
        if (!found.Found)
        {
            if (mayBeAbsentRightly)
            {
                Count(UpdateKind.Stale);
                return;
            }

            core.Presence.Add(hash);
            StageCurrent(state, key, currentKey, incoming, before: default, new LocalPart(SequenceOf(state, key, incoming.Version)));
            Count(incoming.Parent.IsNone ? UpdateKind.Linear : UpdateKind.Skip);
            return;
        }

        var current = StoreCore.Parse(found.Span, key);
        var decided = Classify(current, incoming);
        switch (decided)
        {
            case UpdateKind.Linear or UpdateKind.Skip:
                Replace(state, key, currentKey, incoming, current, current.Losers, lostConflict: false);
                break;
            case UpdateKind.Stomp:
                Replace(state, key, currentKey, incoming, current, current.Losers.Join(current.Context).With(current.Version), lostConflict: false);
                break;
            case UpdateKind.Duplicate when current.Verify(key):
                break;
            case UpdateKind.Duplicate:
            case UpdateKind.Equivocation when incoming.Checksum < current.Checksum:
                StageCurrent(state, key, currentKey, incoming, CurrentRecord.Of(current), new LocalPart(current.HistorySequence, current.Losers));
                break;
            default:
                // Ours is the later one, so it is the other replica that has lost something: perhaps a deletion, which no digest shows.
                if (better is not null && current.Verify(key))
                    better.Add(key, current);
                break;
        }

        Count(decided == UpdateKind.Stomped ? UpdateKind.Stale : decided);
    }

    // A record that vanished may have left its history behind: it takes its own place there again, or the one after the newest.
    private ulong SequenceOf(NamespaceState state, ReadOnlySpan<byte> key, VersionId version)
    {
        Span<byte> prefix = stackalloc byte[KeySpaces.MaxKeyBytes];
        ulong newest = 0;
        using var rows = core.Engine.CreateIterator(verify: true);
        for (rows.Seek(KeySpaces.HistoryPrefix(prefix, state.Id, key)); rows.IsValid && KeySpaces.IsHistoryKeyOf(rows.Key, state.Id, key, out _); rows.Next())
        {
            var row = StoreCore.Parse(rows.Value, key);
            if (row.Version == version && !row.LostConflict)
                return row.HistorySequence;
            newest = Math.Max(newest, row.HistorySequence);
        }

        rows.ThrowIfFailed();
        return newest == 0 ? 0 : newest + 1;
    }
}

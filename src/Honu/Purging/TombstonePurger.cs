using Honu.Format;
using Honu.Writing;

namespace Honu.Purging;

/// <summary>Forgets deletions that everybody knows (R6), some at a step.</summary>
/// <remarks>
/// <code>
/// 1. first time after an opening: count the deletions by a walk over the namespace, some records a call
/// 2. find candidates in a snapshot, outside of the queue: by the index, between the smallest scalar that may be left and what everybody has acknowledged
/// 3. in the queue, 256 at a time: check each again, remove it, advance the frontier and the purge mark, all in one batch
/// </code>
/// Only what a barrier has made durable here counts of our own vector. A power loss would otherwise leave a purged deletion that our vector does not cover any
/// more, and what it had deleted could come back as something new. Calls are for one thread at a time; <see cref="ReplicationPort"/> sees to that.
/// </remarks>
internal sealed class TombstonePurger(StoreCore core)
{
    private const int KeysPerBatch = 256;
    private const int RecordsPerCall = 1 << 16;

    private readonly Dictionary<ushort, DeletionCount> _counts = [];
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];

    /// <summary>Purges some deletions of a namespace.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="acknowledged">What each active member has durably acknowledged.</param>
    /// <param name="maxObjects">Purge at most so many.</param>
    /// <param name="barrier">Makes everything durable.</param>
    public PurgeResult Purge(NamespaceState state, IReadOnlyList<VersionVector> acknowledged, int maxObjects, Action barrier)
    {
        if (!Count(state))
            return new PurgeResult(0, null, HasMore: true);
        if (!HasCandidates(state, acknowledged))
            return new PurgeResult(0, state.Deletions.Count, HasMore: false);
        barrier();
        var work = core.Exclusively((core, state, acknowledged), static args => Take(args.core, args.state, args.acknowledged));
        using (work)
            return work.IsEmpty ? new PurgeResult(0, state.Deletions.Count, HasMore: false) : Run(state, acknowledged, work, maxObjects);
    }

    private PurgeResult Run(NamespaceState state, IReadOnlyList<VersionVector> acknowledged, PurgeWork work, int maxObjects)
    {
        var purged = 0L;
        try
        {
            var candidates = new List<ReadOnlyMemory<byte>>(KeysPerBatch);
            for (var looked = 0; purged < maxObjects && looked < RecordsPerCall; looked += KeysPerBatch)
            {
                candidates.Clear();
                work.Find(candidates, (int)Math.Min(KeysPerBatch, maxObjects - purged), KeysPerBatch);
                if (candidates.Count > 0)
                {
                    var removed = core.Exclusively((this, state, acknowledged, candidates), static args => args.Item1.Remove(args.state, args.acknowledged, args.candidates));
                    if (removed is null)
                        return new PurgeResult(purged, state.Deletions.Count, HasMore: false);
                    purged += removed.Value;
                }

                work.Done();
                if (work.IsDone)
                    break;
            }
        }
        finally
        {
            // Whatever was not looked at must be found by the next call.
            core.Exclusively((state, work), static args =>
            {
                args.work.GiveBack(args.state.Deletions);
                return true;
            });
        }

        return new PurgeResult(purged, state.Deletions.Count, HasMore: !work.IsDone);
    }

    private bool HasCandidates(NamespaceState state, IReadOnlyList<VersionVector> acknowledged) => core.Exclusively((state, acknowledged), static args =>
        args.state.Deletions.HasAny(origin => Limit(args.state.Vector, args.acknowledged, origin)));

    private static PurgeWork Take(StoreCore core, NamespaceState state, IReadOnlyList<VersionVector> acknowledged)
    {
        core.ThrowIfUnusable();
        var durable = core.DurableVector(state);
        if (state.IsDropped || !acknowledged.All(durable.Dominates))
            return PurgeWork.None;
        var (ranges, keys) = state.Deletions.Take(origin => Limit(durable, acknowledged, origin));
        return new PurgeWork(core, state.Id, ranges, keys);
    }

    // Up to where the writes of an origin are covered without a gap, here and by everybody.
    private static ulong Limit(VersionVector own, IReadOnlyList<VersionVector> acknowledged, ReplicaId origin)
    {
        var limit = own.HighMark(origin);
        foreach (var vector in acknowledged)
            limit = Math.Min(limit, vector.HighMark(origin));
        return limit;
    }

    // In the queue: what was found in a snapshot is judged by what is here now. Null when nothing may be purged any more.
    private int? Remove(NamespaceState state, IReadOnlyList<VersionVector> acknowledged, List<ReadOnlyMemory<byte>> keys)
    {
        core.ThrowIfUnusable();
        var durable = core.DurableVector(state);
        if (state.IsDropped || !acknowledged.All(durable.Dominates))
            return null;
        var frontier = state.Frontier.Clone();
        var purgeMark = state.PurgeMark;
        var removed = 0;
        foreach (var key in keys)
        {
            using var found = core.Engine.Get(KeySpaces.CurrentKey(_keyBuffer, state.Id, key.Span));
            if (!found.Found)
                continue;
            var current = StoreCore.Parse(found.Span, key.Span);
            var version = current.Version;
            if (!current.IsDeleted(core.Clock))
                continue;
            if (!MayGo(current, durable, acknowledged))
            {
                state.Deletions.NoteKey(key.Span, version);
                continue;
            }

            core.Remover.Stage(state, key.Span, current);
            frontier.Advance(version.Replica, version.Scalar);
            purgeMark = Math.Max(purgeMark, version.Scalar);
            removed++;
        }

        if (removed == 0)
            return 0;
        core.StageFrontier(state, new FrontierRecord(frontier, purgeMark));

        // In the same batch, because a power loss may take the row of the barrier and leave this one.
        core.StageVector(state, durable, KeySpaces.Barrier);
        core.Commit(sync: false);
        return removed;
    }

    // R6. What it descends from, and what it has beaten, must be covered without a gap: a late ancestor would find an empty place.
    private static bool MayGo(scoped in RecordReader deletion, VersionVector durable, IReadOnlyList<VersionVector> acknowledged)
    {
        if (deletion.Version.Scalar > Limit(durable, acknowledged, deletion.Version.Replica))
            return false;
        foreach (var entry in deletion.Context.Join(deletion.Losers).Entries)
        {
            if (entry.Replica != default && entry.Scalar > durable.HighMark(entry.Replica))
                return false;
        }

        return true;
    }

    // One walk after each opening, a bounded part of it at a call. Returns whether it has ended.
    private bool Count(NamespaceState state)
    {
        if (state.Deletions.IsCounted && _counts.Count == 0)
            return true;
        foreach (var (id, abandoned) in _counts.Where(pair => pair.Value.IsOver).ToArray())
        {
            abandoned.Dispose();
            _counts.Remove(id);
        }

        if (state.Deletions.IsCounted)
            return true;
        if (!_counts.TryGetValue(state.Id, out var count))
            _counts[state.Id] = count = core.Exclusively((core, state), static args => DeletionCount.Begin(args.core, args.state));
        try
        {
            if (!count.Step(RecordsPerCall))
                return false;
        }
        catch
        {
            // The view may have ended with the engine that it was of: the next call begins anew.
            count.Dispose();
            _counts.Remove(state.Id);
            throw;
        }

        core.Exclusively(count, static count =>
        {
            count.End();
            return true;
        });
        count.Dispose();
        _counts.Remove(state.Id);
        return true;
    }
}

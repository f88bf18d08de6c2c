using Honu.Format;
using Honu.Reconciling;
using Honu.Writing;

namespace Honu.Applying;

/// <content>Full streams (R7): what the sender holds, in the order of the keys, and at the end the judgement of what it did not send.</content>
internal sealed partial class RemoteApplier
{
    private FullStream Enter(NamespaceState state, ReadOnlySpan<byte> block, StreamCursor cursor)
    {
        var first = new RecordBlockReader(block);
        first.MoveNext();
        var stream = core.Streams.Enter(state, cursor, first.Key);
        if (stream.IsPlain)
            return stream;
        CheckVector(cursor.Target);

        // Local writes from now on are later than all that was purged there, so that none of them is taken for a late outsider in the end.
        if (stream.GreatestPurged > 0)
            CheckScalar(stream.GreatestPurged);
        core.Clock.Observe(stream.GreatestPurged);
        return stream;
    }

    // Nothing was purged at the sender: its stream is a delta of everything, in another order.
    private void StagePlain(NamespaceState state, FullStream stream, StreamCursor cursor, bool hasEnded)
    {
        if (hasEnded)
            core.Streams.StageEnd(state, stream);
        else
            core.Streams.StageHeader(state, stream with { Position = cursor.PositionKey ?? stream.Position });
    }

    // The chunk first, in a batch of its own: the end looks at what is staged, and may be refused, which must not take the chunk with it.
    private ApplyResult EndChunk(NamespaceState state, FullStream stream, StreamCursor cursor, VectorJoin? join)
    {
        stream = stream with { Position = cursor.PositionKey ?? stream.Position };
        core.Streams.StageHeader(state, stream);
        core.Commit(sync: false);
        if (join is null)
            return new ApplyResult(_counts, Joined: false) { Reissued = _counts[UpdateKind.Reissued] };
        var counts = _counts;
        var isBroken = stream.IsBroken || core.Dropper.TakeBroken(state.Name, cursor);
        var outcome = isBroken ? null : TryStageFullJoin(state, stream, join);
        core.Streams.StageEnd(state, stream);
        if (outcome is { Deleted: > 0 })
            ReconcilePermit.StageRemoval(core, state);
        core.Commit(sync: false);
        return new ApplyResult(counts, Joined: outcome is not null) { Deleted = outcome?.Deleted ?? 0, Reissued = counts[UpdateKind.Reissued] + (outcome?.Reissued ?? 0) };
    }

    // R7, and the second half of R8: frontier and purge mark are joined with the target, in the batch that judges what is absent.
    private ReconcileOutcome? TryStageFullJoin(NamespaceState state, FullStream stream, VectorJoin join)
    {
        var told = join.Frontier ?? join.Target;
        CheckVector(join.Target);
        CheckVector(told);
        if (join.PurgeMark > told.GreatestScalar())
            throw Malformed($"the purge mark {join.PurgeMark} lies above everything that was purged");
        if (!state.Vector.Dominates(join.Base))
            return null;
        var frontier = state.Frontier.Clone();
        frontier.Join(told);
        var purgeMark = Math.Max(state.PurgeMark, join.PurgeMark);
        var joined = Joined(state.Vector, join.Target);
        Observe(join.Target.GreatestScalar());
        Observe(told.GreatestScalar());

        var outcome = core.Reconcile.TryStage(state, stream, join, (ns, key, scoped in record) => ApplyOne(ns, key, record, stream: null));
        if (outcome is null)
            return null;
        joined.Advance(core.Identity.Replica, core.Reissuer.LastScalar);
        core.StageFrontier(state, new FrontierRecord(frontier, purgeMark));
        core.StageJoin(state, joined);
        return outcome;
    }

    // Nothing of a full stream is deferred: its end is one judgement, which waits until all of it may be applied.
    private void CheckVector(VersionVector vector)
    {
        foreach (var replica in vector.Origins)
        {
            CheckScalar(Math.Max(1, vector.HighMark(replica)));
            if (replica.Pid == 0)
                throw Malformed("a vector names the replica 0, which nobody is");
        }

        CheckScalar(Math.Max(1, vector.GreatestScalar()));
    }
}

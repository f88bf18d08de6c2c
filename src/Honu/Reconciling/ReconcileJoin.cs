using Honu.Digests;
using Honu.Format;
using Honu.Writing;

namespace Honu.Reconciling;

/// <summary>Ends a full stream: adds to one batch what its target says of the records that are here. For the committing thread only.</summary>
internal sealed class ReconcileJoin(StoreCore core)
{
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];
    private readonly byte[] _stagedBuffer = new byte[KeySpaces.MaxKeyBytes];

    /// <summary>Adds everything but the vectors to the batch.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="join">Its end.</param>
    /// <param name="apply">Applies a record like one that comes from a peer.</param>
    /// <returns>How much it did, or <see langword="null"/> when the stream has to be repeated.</returns>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.ReconcileLimit"/>: nothing was added.</exception>
    public ReconcileOutcome? TryStage(NamespaceState state, FullStream stream, VectorJoin join, RecordAction apply)
    {
        if (stream.WasEmpty)
            return default(ReconcileOutcome);
        var plan = ReconcilePlan.Make(core, state, stream, join);
        if (plan.LacksRecord)
            return null;
        CheckLimit(state, plan);
        var reissued = 0L;
        foreach (var (key, action) in plan.Actions)
        {
            if (action == ReconcileAction.Reissue)
            {
                reissued++;
                core.Count(UpdateKind.Reissued);
            }

            Stage(state, stream, key, action, Math.Max(state.PurgeMark, join.PurgeMark), apply);
        }

        return new ReconcileOutcome(plan.Deletions, reissued);
    }

    private void CheckLimit(NamespaceState state, ReconcilePlan plan)
    {
        var options = core.Options;
        if (plan.Deletions <= options.ReconcileLimitObjects || plan.Deletions <= options.ReconcileLimitFraction * plan.Objects || ReconcilePermit.IsGiven(core, state))
            return;
        throw new HonuException(
            HonuErrorCode.ReconcileLimit,
            FormattableString.Invariant($"A full reconcile would delete {plan.Deletions} of the {plan.Objects} objects of replica {core.Identity.Replica} in namespace \"{state.Name}\" (limit: {options.ReconcileLimitFraction:P0} and {options.ReconcileLimitObjects}). If that is right, allow it there: honu reconcile allow --namespace NAME. If not, find the replica that lost its data. Nothing was deleted."),
            core.Path);
    }

    private void Stage(NamespaceState state, FullStream stream, byte[] key, ReconcileAction action, ulong purgeMark, RecordAction apply)
    {
        using var found = core.Engine.Get(KeySpaces.CurrentKey(_keyBuffer, state.Id, key));
        var ours = StoreCore.Parse(found.Span, key);
        var stagedKey = KeySpaces.StagedKey(_stagedBuffer, state.Id, stream.Id, key);
        using var staged = core.Engine.Get(stagedKey);
        var theirs = staged.Found ? StagedKey.Record(MetaRecords.Open(stagedKey, staged.Span)) : default;
        switch (action)
        {
            case ReconcileAction.Remove:
                core.Remover.Stage(state, key, ours);
                break;
            case ReconcileAction.Take:
                StageTake(state, key, ours, StoreCore.Parse(theirs, key));
                break;
            case ReconcileAction.Reissue:
                core.Reissuer.Stage(state, key, ours, ours, ContextOf(theirs, key), purgeMark);
                break;
            case ReconcileAction.Apply:
                apply(state, key, StoreCore.Parse(theirs, key));
                break;
        }
    }

    private static CausalContext ContextOf(ReadOnlySpan<byte> theirs, ReadOnlySpan<byte> key)
    {
        if (theirs.IsEmpty)
            return CausalContext.Empty;
        var deletion = StoreCore.Parse(theirs, key);
        return deletion.Context.With(deletion.Version);
    }

    // Nothing of ours stays, history neither: all of it was deleted for good.
    private void StageTake(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader ours, scoped in RecordReader theirs)
    {
        if (core.KeepsReplacedWrites && ours.Version.Replica == core.Identity.Replica)
            state.Replaced.Add(ours.Version.Scalar, key);
        core.Remover.StageHistory(state, key);
        core.Conflicts.StageAllCovered(state, key);
        core.Heads.Remove(core.Hash.Of(state.Id, key), state.Id, key);
        var record = core.Records.Rewrite(theirs, default);
        core.Batch.Put(KeySpaces.CurrentKey(_keyBuffer, state.Id, key), record);
        IndexEntry.Put(core.Batch, state.Id, theirs.Version, key, core.IndexScratch);
        core.StageReplacement(state, CurrentRecord.Of(theirs), CurrentRecord.Of(ours), isLocal: false);
        core.Expiry.Stage(state, key, theirs);
        if (core.Changes.IsWatched)
            core.Changes.Stage(state, key, record, isLocal: false);
    }
}

/// <summary>Does something with a record.</summary>
internal delegate void RecordAction(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader record);

/// <summary>What the end of a full stream did to the records that were here.</summary>
/// <param name="Deleted">Live objects that are gone.</param>
/// <param name="Reissued">Late outsiders that were written again.</param>
internal readonly record struct ReconcileOutcome(long Deleted, long Reissued);

using Honu.Format;

namespace Honu.Writing;

/// <summary>Brings a store back to work after a failed write: opens the engine again, and takes over what is really on disk.</summary>
/// <remarks>
/// LevelDB goes on after a full disk and loses what it acknowledges then, so nothing is acknowledged between the failure and here. The
/// batch that failed may be on disk or not; its caller was told that it failed, and may find it done all the same. Called by the
/// committing thread: by the next one that wants to write, or by the background.
/// </remarks>
internal sealed class StoreRecovery(StoreCore core)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private DateTimeOffset _notBefore;

    /// <summary>Tries it, at most once a second.</summary>
    /// <returns>Whether the store works again.</returns>
    public bool TryRecover()
    {
        var now = core.Options.Environment.Time.GetUtcNow();
        if (now < _notBefore)
            return false;
        _notBefore = now + Pause;
        try
        {
            // An engine does not open again while somebody reads it.
            core.Digests.Interrupt();
            core.Engine.Reopen();
            TakeOver();
            return true;
        }
        catch (HonuException error)
        {
            core.Fail(error);
            return false;
        }
    }

    private void TakeOver()
    {
        core.Heads.Clear();
        core.Replicas.Load(core.Engine);
        core.Lease.Reset(MetaRecords.GetScalar(core.Engine, MetaRecords.Clock));

        // A vector that a commit had staged is on disk or not; what a commit has published since the last one that wrote it is the own mark.
        // The same with the identity: a new epoch may have been begun only here, or only there.
        var stored = StoreIdentity.Decode(MetaRecords.Get(core.Engine, MetaRecords.Key(MetaRecords.Identity)) ?? []) ?? core.Identity;
        var own = core.Identity.Replica;
        var before = core.Namespaces.All.ToDictionary(static state => state, static state => state.Vector.Clone());
        core.Namespaces.Load(core.Engine);
        var isDropped = core.Dropper.Load();
        core.Held.Load(lostPower: false);
        foreach (var state in core.Namespaces.All)
        {
            state.BarrierVector = null;
            state.Conflicts = default;
            state.Deletions.Reset();
            var vector = state.Vector;
            vector.Advance(own, Math.Max(before.GetValueOrDefault(state)?.HighMark(own) ?? 0, StoreOpener.LastIndexed(core.Engine, state.Id, own)));
            core.Clock.Observe(vector.GreatestScalar());
            state.Publish(vector, core.CountLoose(state, vector));
        }

        WriteRetention();

        // A drop or a new epoch that was told to have failed: what the vectors say of the epochs in question counts no more, and what was
        // lost of them comes back from the peers.
        if (isDropped || stored.Replica != own)
            core.BeginNewEpoch(alsoForget: stored.Replica);
        core.Pruner.Restart();
        core.Streams.Load();
        core.Conflicts.Load();
        core.Changes.Interrupt();
        core.Presence.Restart();
        core.Digests.Restart();
    }

    // What holds in memory, where a write that failed may have left something else on disk.
    private void WriteRetention()
    {
        foreach (var state in core.Namespaces.All)
            state.Retention.Stage(core.Batch, state.Id);
        core.WriteBatch(sync: true);
    }
}

using Honu.Digests;
using Honu.Format;
using Honu.Writing;

namespace Honu.Purging;

/// <summary>Takes a key away for good: its current record, its index entry, its history and its conflicts, all in one batch. For the committing thread only.</summary>
internal sealed class KeyRemover(StoreCore core)
{
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];

    /// <summary>Adds the removal to the batch.</summary>
    public void Stage(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader current)
    {
        var version = current.Version;
        core.Batch.Delete(KeySpaces.CurrentKey(_keyBuffer, state.Id, key));
        core.Batch.Delete(KeySpaces.IndexKey(_keyBuffer, state.Id, version.Replica, version.Scalar));
        StageHistory(state, key);
        core.Conflicts.StageAllCovered(state, key);
        core.Heads.Remove(core.Hash.Of(state.Id, key), state.Id, key);
        core.StageRemoval(state, CurrentRecord.Of(current));
        if (version.Replica == core.Identity.Replica)
            state.Replaced.Lose(version.Scalar);

        // A live object goes because a peer knows that it was deleted: there is no version of that deletion any more.
        if (!current.IsDeleted(core.Clock) && core.Changes.IsWatched)
            core.Changes.StageRemoval(state, key, current.ToObjectVersion(core.Clock) with { IsDeleted = true, ValueLength = 0 });

        // The own mark of a reopened store is the greater of the stored vector and of the last own entry of the index.
        if (version.Replica == core.Identity.Replica && version.Scalar == state.Own(version.Replica).High)
            core.StageVector(state);
    }

    /// <summary>Adds the removal of a key's history to the batch.</summary>
    public void StageHistory(NamespaceState state, ReadOnlySpan<byte> key)
    {
        using var history = core.Engine.CreateIterator();
        for (history.Seek(KeySpaces.HistoryPrefix(_keyBuffer, state.Id, key)); history.IsValid && KeySpaces.IsHistoryKeyOf(history.Key, state.Id, key, out _); history.Next())
            core.Batch.Delete(history.Key);
        history.ThrowIfFailed();
    }
}

using Honu.Digests;
using Honu.Format;
using Honu.Writing;

namespace Honu.Applying;

/// <summary>Adds to the batch everything that belongs to a record that is written again under a version of this store. For the committing thread only.</summary>
internal sealed class ReissuedRecord(StoreCore core)
{
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];

    /// <summary>Adds the record, its index entry, history, expiry and change.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="bytes">The record as it is stored.</param>
    /// <param name="record">What it is.</param>
    /// <param name="previous">What was current before; nothing when the key had no record.</param>
    /// <param name="sequence">The record's place in the key's history.</param>
    /// <param name="expiry">The scalar at which it expires; 0 for never.</param>
    public void Stage(NamespaceState state, ReadOnlySpan<byte> key, ReadOnlySpan<byte> bytes, in CurrentRecord record, in CurrentRecord previous, ulong sequence, ulong expiry)
    {
        core.Batch.Put(KeySpaces.CurrentKey(_keyBuffer, state.Id, key), bytes);
        core.History.Stage(state, key, sequence, bytes);
        IndexEntry.Put(core.Batch, state.Id, record.Version, key, core.IndexScratch);
        core.StageReplacement(state, record, previous, isLocal: true);
        core.Heads.Remove(core.Hash.Of(state.Id, key), state.Id, key);
        if (core.Changes.IsWatched)
            core.Changes.Stage(state, key, bytes, isLocal: true);
        if (expiry != 0)
            core.Expiry.Stage(state.Id, key, expiry);
    }
}

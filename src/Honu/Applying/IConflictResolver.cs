using System.Buffers;

namespace Honu;

/// <summary>What shall become of a conflict.</summary>
public enum ConflictResolution
{
    /// <summary>The winner stays as it is, and the conflict is settled. Nothing is written.</summary>
    KeepWinner = 0,

    /// <summary>The loser's value (or deletion) is written again, over both.</summary>
    KeepLoser = 1,

    /// <summary>What the resolver wrote to its result is written over both.</summary>
    Merge = 2,

    /// <summary>The object is deleted.</summary>
    Delete = 3,

    /// <summary>The winner stays, and the conflict stays listed until somebody writes the object.</summary>
    Undecided = 4,
}

/// <summary>Decides conflicts of a namespace: two versions of an object that were written without knowing of each other.</summary>
/// <remarks>
/// <para>All replicas must use the same resolver for a namespace. Each asks it, but only the replica that wrote the losing version
/// writes a result, as a new version that follows on both; the others show the winner until that version reaches them.</para>
/// <para>The result must depend on nothing but the two sides, and merging must be commutative, associative and idempotent: then
/// replicas that merge in another order come to the same bytes, and equal bytes are no conflict. Otherwise they may go on
/// merging each other's results.</para>
/// <para>Called outside of the store's locks, on the thread that applies a peer's records or opens the store, possibly on several at once and
/// again for the same conflict. It may read the store, except while that is being opened. An exception or a result above
/// <see cref="HonuStoreOptions.MaxValueBytes"/> counts as <see cref="ConflictResolution.Undecided"/> and in
/// <see cref="StoreStatistics.ResolverFailures"/>; it is tried again when the object changes and at the next opening.</para>
/// </remarks>
public interface IConflictResolver
{
    /// <summary>Decides one conflict.</summary>
    /// <param name="conflict">Both sides. At most one of them is deleted.</param>
    /// <param name="result">Receives the merged value; used only for <see cref="ConflictResolution.Merge"/>.</param>
    ConflictResolution Resolve(in ConflictContext conflict, IBufferWriter<byte> result);
}

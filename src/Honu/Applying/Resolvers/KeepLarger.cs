using System.Buffers;

namespace Honu;

/// <summary>The longer value is taken; of two that are equally long the one with the greater bytes. A deletion is less than any value.</summary>
public sealed class KeepLarger : IConflictResolver
{
    /// <summary>The only instance that is needed.</summary>
    public static KeepLarger Instance { get; } = new();

    /// <inheritdoc/>
    public ConflictResolution Resolve(in ConflictContext conflict, IBufferWriter<byte> result) =>
        Compare(conflict.Winner, conflict.Loser) >= 0 ? ConflictResolution.KeepWinner : ConflictResolution.KeepLoser;

    private static int Compare(in VersionedValue left, in VersionedValue right)
    {
        if (left.IsDeleted || right.IsDeleted)
            return right.IsDeleted.CompareTo(left.IsDeleted);
        var byLength = left.Value.Length.CompareTo(right.Value.Length);
        return byLength != 0 ? byLength : left.Value.SequenceCompareTo(right.Value);
    }
}

using System.Buffers;

namespace Honu;

/// <summary>The version that wins is taken, and the conflict is settled: nothing is listed and nothing is written. The loser stays in history as far as that is kept.</summary>
/// <remarks>Without any resolver the same version wins, but the conflict stays listed until somebody writes the object.</remarks>
public sealed class LastWriterWins : IConflictResolver
{
    /// <summary>The only instance that is needed.</summary>
    public static LastWriterWins Instance { get; } = new();

    /// <inheritdoc/>
    public ConflictResolution Resolve(in ConflictContext conflict, IBufferWriter<byte> result) => ConflictResolution.KeepWinner;
}

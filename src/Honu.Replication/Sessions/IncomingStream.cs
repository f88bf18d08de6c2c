using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Receives a peer's stream of one namespace. The only place that decides whether a target may be joined.</summary>
/// <remarks>
/// R2: the target joins in the batch of the last chunk, never earlier, and only if our vector then covers the base. A half-received
/// target proves nothing: what it covers may have been overwritten meanwhile and have left the sender's index. Records of the
/// chunks before stay loose, and the cursor that is kept with them tells where to go on.
/// </remarks>
internal sealed class IncomingStream(ReplicationPort store, string ns, ReplicaId sender, Guid incarnation, VersionVector toldVector)
{
    private VersionVector? _target;
    private VersionVector _base = toldVector;

    private bool _failed;

    public bool IsDone { get; private set; }

    /// <summary>Whether the target has become part of our vector: everything that the sender had is here.</summary>
    public bool IsJoined { get; private set; }

    /// <summary>Applies a chunk.</summary>
    /// <exception cref="HonuException">Its data fails the checks.</exception>
    public ApplyResult Apply(Chunk chunk)
    {
        // The last chunk of a stream of which one failed must never join its target.
        if (_failed)
            throw new HonuException(HonuErrorCode.MalformedRecord, "A chunk came after one that could not be applied.");
        if (IsDone)
            throw new HonuException(HonuErrorCode.MalformedRecord, "A peer sent a chunk after the last one of its stream.");
        if (_target is null)
            Begin(chunk);

        var join = chunk.Last || store.Faults.HasFlag(PlantedFaults.TargetJoinedEarly) ? new VectorJoin(_base, _target!) : null;
        var position = new VersionId(chunk.PositionScalar, ReplicaId.FromUInt64(chunk.PositionReplica));
        var cursor = chunk.Last || !position.IsNone ? new StreamCursor(sender, incarnation, _target!, chunk.Last ? default : position) : null;
        _failed = true;
        var result = store.Apply(ns, chunk.Records.Span, cursor, join);
        _failed = false;
        IsDone = chunk.Last;
        IsJoined = result.Joined;
        return result;
    }

    private void Begin(Chunk chunk)
    {
        if (!MessageValidation.TryDecode(chunk.Target, out _target)
            || (chunk.Base.Length > 0 && !MessageValidation.TryDecode(chunk.Base, out _base)))
            throw new HonuException(HonuErrorCode.MalformedRecord, "A peer sent a stream whose vectors make no sense.");
    }
}

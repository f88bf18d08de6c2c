using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Streams what a peer lacks of one namespace, from one snapshot, chunk by chunk.</summary>
/// <remarks>A resumed stream (R5) sends what comes after the cursor, and of what comes before it only what the broken stream's target does not cover.</remarks>
internal sealed class OutgoingStream
{
    private readonly ReplicationSnapshot _snapshot;
    private readonly VersionVector _base;
    private readonly VersionVector _target;
    private readonly VersionId _resumedAfter;
    private readonly VersionVector? _resumedTarget;
    private VersionId _position;
    private bool _started;

    public OutgoingStream(ReplicationSnapshot snapshot, string ns, VersionVector @base, VersionVector? resumedTarget, VersionId resumedAfter)
    {
        _snapshot = snapshot;
        Namespace = ns;
        _base = @base;
        _target = snapshot.Vector(ns);

        // A target that has shrunk (a power loss, a dropped subscription) means another index: start again.
        if (resumedTarget is not null && !resumedAfter.IsNone && _target.Dominates(resumedTarget))
        {
            _resumedTarget = resumedTarget;
            _resumedAfter = resumedAfter;
        }
    }

    public string Namespace { get; }

    public bool IsDone { get; private set; }

    /// <summary>The next chunk, with the number of its records in <paramref name="records"/>.</summary>
    public Chunk Next(RecordBlockWriter block, ReplicaOptions limits, out int records)
    {
        block.Clear();
        _position = _snapshot.ReadUncovered(Namespace, _base, _position, block, limits.ChunkRecords, limits.ChunkBytes, _resumedAfter, _resumedTarget);
        var chunk = new Chunk
        {
            Namespace = Namespace,
            Records = ByteString.CopyFrom(block.Bytes.Span),
            Last = _position.IsNone,
        };
        if (!_started)
            chunk.Target = UnsafeByteOperations.UnsafeWrap(_target.ToArray());

        // Until a resumed stream has passed the old cursor, that cursor stays the place to go on from.
        if (_resumedTarget is null || IsPastOldCursor())
        {
            chunk.PositionReplica = _position.Replica.ToUInt64();
            chunk.PositionScalar = _position.Scalar;
        }

        _started = true;
        IsDone = chunk.Last;
        records = block.Count;
        return chunk;
    }

    private bool IsPastOldCursor()
    {
        var byReplica = _position.Replica.CompareTo(_resumedAfter.Replica);
        return byReplica > 0 || (byReplica == 0 && _position.Scalar > _resumedAfter.Scalar);
    }
}

using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Receives a peer's stream of one namespace. The only place that decides whether a target may be joined.</summary>
/// <remarks>
/// R2: the target joins in the batch of the last chunk, never earlier, and only if our vector then covers the base. A half-received
/// target proves nothing: what it covers may have been overwritten meanwhile and have left the sender's index. Records of the
/// chunks before stay loose, and the cursor that is kept with them tells where to go on. A stream that was sent before we had told
/// our vector names its own base; a second one may follow it.
/// </remarks>
internal sealed class IncomingStream(ReplicationPort store, string ns, Func<(ReplicaId Replica, Guid Incarnation)> sender, VersionVector toldVector, bool toldEmpty, StreamCursor? toldCursor)
{
    private VectorJoin? _join;
    private StreamCursor? _cursor;
    private VersionId _position;
    private bool _isSpeculative;
    private bool _isResumed;
    private bool _failed;

    /// <summary>Which stream of each sender and namespace may go on; <see langword="null"/> where there is only one.</summary>
    /// <remarks>
    /// Two sessions of a pair may run at once until each knows who the other is. What the store notes of a stream, the keys that a full one has brought and
    /// the records that wait, it notes by sender: the end of one stream would take away what the other one needs, and the other's end would find keys absent.
    /// </remarks>
    public Dictionary<(string Namespace, ReplicaId Sender), IncomingStream>? Running { get; init; }

    public bool IsDone { get; private set; }

    /// <summary>Whether the target has become part of our vector: everything that the sender had is here.</summary>
    public bool IsJoined { get; private set; }

    /// <summary>What the sender may take to be here now: what it was told, with the target of its stream; <see langword="null"/> while that was not joined.</summary>
    public VersionVector? Streamed
    {
        get
        {
            if (!IsJoined)
                return null;
            var streamed = toldVector.Clone();
            streamed.Join(_join!.Target);
            return streamed;
        }
    }

    /// <summary>Applies a chunk.</summary>
    /// <exception cref="HonuException">Its data fails the checks.</exception>
    public ApplyResult Apply(Chunk chunk)
    {
        // The last chunk of a stream of which one failed must never join its target.
        if (_failed)
            throw SessionHello.Malformed("A chunk came after one that could not be applied.");
        if (chunk.Target.Length > 0)
            Begin(chunk);
        if (_join is null || IsDone)
            throw SessionHello.Malformed("A peer sent a chunk outside of any stream.");

        if (!_isSpeculative && Running is not null && Running.GetValueOrDefault((ns, sender().Replica)) != this)
            throw new InvalidOperationException("Another session has begun to stream the same namespace meanwhile.");

        var join = chunk.Last || store.Faults.HasFlag(PlantedFaults.TargetJoinedEarly) ? _join : null;
        Advance(chunk);
        _failed = true;
        var result = store.Apply(ns, chunk.Records.Span, _cursor, join);
        _failed = false;
        IsDone = chunk.Last;
        IsJoined = result.Joined;
        return result;
    }

    private void Begin(Chunk chunk)
    {
        if (_join is not null && !(_isSpeculative && IsDone && !chunk.Speculative))
            throw SessionHello.Malformed("A peer began a stream within another one.");
        IsDone = false;
        _isSpeculative = chunk.Speculative;
        _isResumed = chunk.Resumed;
        if (chunk.Speculative && (chunk.Full || chunk.Base.Length == 0))
            throw SessionHello.Malformed("A peer sent a stream ahead without saying for whom.");
        _position = default;
        if (Running is not null && !_isSpeculative)
            Running[(ns, sender().Replica)] = this;
        var target = NamespaceVectors.Decode(chunk.Target);
        var frontier = chunk.Frontier.Length > 0 ? NamespaceVectors.Decode(chunk.Frontier) : null;
        var @base = chunk.Full ? new VersionVector() : chunk.Base.Length > 0 ? NamespaceVectors.Decode(chunk.Base) : toldVector;
        _join = new VectorJoin(@base, target) { IsFull = chunk.Full, Frontier = frontier, PurgeMark = chunk.PurgeMark };
        if (chunk.Full)
            _cursor = chunk.Resumed ? ResumeFull() : BeginFull(target, frontier);
    }

    private StreamCursor BeginFull(VersionVector target, VersionVector? frontier)
    {
        var (replica, incarnation) = sender();
        return new StreamCursor(replica, incarnation, target, default) { IsFull = true, Frontier = frontier, WasEmpty = toldEmpty };
    }

    // The cursor of the broken stream stays in place until the sender has caught up with what changed before it.
    private StreamCursor ResumeFull()
    {
        if (toldCursor is not { IsFull: true })
            throw SessionHello.Malformed("A peer goes on with a stream that was never begun.");

        // Another session may have ended it since the cursor was told: what comes now would be a stream without its first keys, which would be taken for deleted.
        if (store.FindCursor(ns, toldCursor.Sender) is not { IsFull: true } known || known.PositionKey.AsSpan().SequenceCompareTo(toldCursor.PositionKey) < 0)
            throw new InvalidOperationException("Another session has ended the stream that was to go on, or has begun it anew.");
        return toldCursor;
    }

    private void Advance(Chunk chunk)
    {
        // A stream that goes in order ends: without order the same records could come for ever.
        var (replica, incarnation) = sender();
        if (_join!.IsFull)
        {
            if (chunk.PositionKey.Length > 0)
                _cursor = _cursor! with { Target = _join.Target, PositionKey = Ascending(_cursor.PositionKey, chunk.PositionKey.ToByteArray()) };
            else if (!chunk.Last && !_isResumed)
                throw SessionHello.Malformed("A peer streams without saying where it stands.");
            return;
        }

        var position = new VersionId(chunk.PositionScalar, ReplicaId.FromUInt64(chunk.PositionReplica));
        if (!position.IsNone)
            _position = Ascending(_position, position);
        else if (!chunk.Last && !_isResumed)
            throw SessionHello.Malformed("A peer streams without saying where it stands.");

        // Before a resumed stream has passed its old cursor that one stays. It is named all the same: the store notes by the sender what it defers.
        _cursor = _isSpeculative ? null
            : chunk.Last || !position.IsNone ? new StreamCursor(replica, incarnation, _join.Target, chunk.Last ? default : position)
            : toldCursor;
    }

    private static byte[] Ascending(ReadOnlySpan<byte> before, byte[] next) =>
        before.SequenceCompareTo(next) < 0 ? next : throw OutOfOrder();

    private static VersionId Ascending(VersionId before, VersionId next)
    {
        var byReplica = before.Replica.CompareTo(next.Replica);
        return before.IsNone || byReplica < 0 || (byReplica == 0 && before.Scalar < next.Scalar) ? next : throw OutOfOrder();
    }

    private static HonuException OutOfOrder() => SessionHello.Malformed("A peer streams out of order.");
}

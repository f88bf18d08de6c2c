using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Streams what a peer lacks of one namespace, from one snapshot, chunk by chunk.</summary>
/// <remarks>
/// A peer that covers our frontier gets a delta: the entries of the index that its vector does not cover. One that does not, or that is
/// empty, gets everything in the order of keys (R7): what it holds beside that and our target covers was deleted. A resumed stream (R5)
/// sends what comes after the cursor, and of what comes before it only what the broken stream's target does not cover.
/// </remarks>
internal sealed class OutgoingStream : IOutgoingSource
{
    private readonly ReplicationSnapshot _snapshot;
    private readonly VersionVector _base;
    private readonly VersionVector _target;
    private readonly StreamResume? _resume;
    private readonly bool _isFull;
    private readonly bool _isSpeculative;
    private VersionId _position;
    private byte[]? _key;
    private bool _isCatchingUp;
    private bool _started;

    private OutgoingStream(ReplicationSnapshot snapshot, string ns, VersionVector @base, StreamResume? resume, bool isFull, bool isSpeculative)
    {
        _snapshot = snapshot;
        Namespace = ns;
        _base = @base;
        _target = snapshot.Vector(ns);
        _resume = resume;
        _isFull = isFull;
        _isSpeculative = isSpeculative;
        _key = isFull ? resume?.Key ?? [] : null;
        _isCatchingUp = isFull && resume is not null;
    }

    public string Namespace { get; }

    public bool IsDone { get; private set; }

    /// <summary>A stream for a peer that has told what it holds.</summary>
    /// <param name="snapshot">What is streamed.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="told">The peer's vector.</param>
    /// <param name="resume">Where an earlier stream broke off.</param>
    /// <param name="isEmpty">Whether the peer holds no record at all.</param>
    public static OutgoingStream Create(ReplicationSnapshot snapshot, string ns, VersionVector told, StreamResume? resume, bool isEmpty)
    {
        var frontier = snapshot.Frontier(ns);
        var canResume = resume is not null && snapshot.Vector(ns).Dominates(resume.Target);

        // Nothing was purged since the broken full stream began, so what it has brought is as good as if it were brought now.
        if (canResume && resume!.Key is not null && (resume.Frontier ?? new VersionVector()).Equals(frontier))
            return new OutgoingStream(snapshot, ns, new VersionVector(), resume, isFull: true, isSpeculative: false);
        if (isEmpty || !told.Dominates(frontier))
            return new OutgoingStream(snapshot, ns, new VersionVector(), resume: null, isFull: true, isSpeculative: false);

        // A target that has shrunk (a power loss, a dropped subscription) means another index: start again.
        return new OutgoingStream(snapshot, ns, told, canResume && !resume!.Position.IsNone ? resume : null, isFull: false, isSpeculative: false);
    }

    /// <summary>A stream for a peer that has not told yet what it holds, or <see langword="null"/> when it would need more than a delta.</summary>
    public static OutgoingStream? Speculative(ReplicationSnapshot snapshot, string ns, VersionVector @base) =>
        @base.Dominates(snapshot.Frontier(ns)) ? new OutgoingStream(snapshot, ns, @base, resume: null, isFull: false, isSpeculative: true) : null;

    SessionMessage IOutgoingSource.Next(RecordBlockWriter block, ReplicaOptions limits, out int records) => new() { Chunk = Next(block, limits, out records) };

    /// <summary>The next chunk, with the number of its records in <paramref name="records"/>.</summary>
    public Chunk Next(RecordBlockWriter block, ReplicaOptions limits, out int records)
    {
        block.Clear();
        var chunk = new Chunk { Namespace = Namespace };
        if (!_isFull)
            ReadDelta(chunk, block, limits);
        else if (_isCatchingUp)
            ReadChanged(block, limits);
        else
            ReadOn(chunk, block, limits);
        chunk.Records = ByteString.CopyFrom(block.Bytes.Span);
        if (!_started)
            Begin(chunk);
        IsDone = chunk.Last;
        records = block.Count;
        return chunk;
    }

    private void Begin(Chunk chunk)
    {
        _started = true;
        chunk.Target = NamespaceVectors.Encode(_target);
        chunk.Full = _isFull;
        chunk.Speculative = _isSpeculative;
        chunk.Resumed = _resume is not null;
        if (_isSpeculative)
            chunk.Base = NamespaceVectors.Encode(_base);

        // With a delta as well: a receiver that had nothing yet inherits what was purged here (T5).
        chunk.Frontier = NamespaceVectors.Encode(_snapshot.Frontier(Namespace));
        chunk.PurgeMark = _snapshot.PurgeMark(Namespace);
    }

    private void ReadDelta(Chunk chunk, RecordBlockWriter block, ReplicaOptions limits)
    {
        _position = _snapshot.ReadUncovered(Namespace, _base, _position, block, limits.ChunkRecords, limits.ChunkBytes, _resume?.Position ?? default, _resume?.Target);
        chunk.Last = _position.IsNone;

        // Until a resumed stream has passed the old cursor, that cursor stays the place to go on from.
        if (_resume is null || IsPastOldCursor())
        {
            chunk.PositionReplica = _position.Replica.ToUInt64();
            chunk.PositionScalar = _position.Scalar;
        }
    }

    // The cursor of the broken stream stays until everything that has changed before it was sent.
    private void ReadChanged(RecordBlockWriter block, ReplicaOptions limits)
    {
        _position = _snapshot.ReadUncovered(Namespace, _resume!.Target, _position, block, limits.ChunkRecords, limits.ChunkBytes);
        _isCatchingUp = !_position.IsNone;
    }

    private void ReadOn(Chunk chunk, RecordBlockWriter block, ReplicaOptions limits)
    {
        _key = _snapshot.ReadAll(Namespace, _key, block, limits.ChunkRecords, limits.ChunkBytes, _resume?.Target);
        chunk.Last = _key is null;
        if (_key is not null)
            chunk.PositionKey = UnsafeByteOperations.UnsafeWrap(_key);
    }

    private bool IsPastOldCursor()
    {
        var byReplica = _position.Replica.CompareTo(_resume!.Position.Replica);
        return byReplica > 0 || (byReplica == 0 && _position.Scalar > _resume.Position.Scalar);
    }
}

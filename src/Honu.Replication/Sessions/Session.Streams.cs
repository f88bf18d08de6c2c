using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

internal sealed partial class Session
{
    // A chunk that changes nothing, does not say where it stands and is smaller than this counts as idle.
    private const int SmallChunkBytes = 4096;

    // Far more than a stream of whole chunks has.
    private const int MaxFruitlessChunks = 4096;

    // Messages beyond this are announced, so that the receiver's deadline fits a slow link.
    private const int AnnounceBytes = 512 * 1024;

    private readonly Dictionary<string, VersionVector> _streamed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _toldAhead = new(StringComparer.Ordinal);
    private readonly Dictionary<string, VersionVector> _toldHere = new(StringComparer.Ordinal);
    private readonly Dictionary<string, VersionVector> _toldThere = new(StringComparer.Ordinal);
    private bool _sentAcknowledged;
    private int _fruitlessChunks;

    private void ReceiveVectors(Vectors vectors, TimeSpan now)
    {
        if (vectors.Namespaces.Count == 0)
            throw SessionHello.Malformed("A peer told no vector.");
        foreach (var told in vectors.Namespaces)
        {
            if (!_awaited.Remove(told.Name))
            {
                // The initiator tells ahead of our Hello what it takes to differ; where it does not, nothing is owed.
                if (IsInitiator || _differing!.Contains(told.Name) || !_toldAhead.Add(told.Name) || _toldAhead.Count > MaxSpeculativeNamespaces)
                    throw SessionHello.Malformed("A peer told the vector of a namespace that does not differ.");
                continue;
            }

            if (!told.Declined && !Answer(told, now))
                return;
        }

        TellVectors(vectors.Namespaces.Select(static told => told.Name).Where(_differing!.Contains));
        Pump(now);
    }

    private bool Answer(NamespaceVector told, TimeSpan now)
    {
        var (vector, durable, resume) = NamespaceVectors.Read(told, _toldHere.GetValueOrDefault(told.Name));
        _toldThere[told.Name] = vector;
        Access.CheckOwnWrites(told.Name, vector, Store.State(told.Name).Vector);
        if (Store.BeginNewEpochIfSetBack(told.Name, vector))
        {
            Refuse(Refusal.Types.Reason.Retry, "this store was set back to an earlier state; it has taken a new epoch and asks for its own writes again", now);
            return false;
        }

        NoteAcknowledged(told.Name, durable);

        // What was sent ahead holds if the peer covered its base by then.
        var snapshot = TakeSnapshot();
        if (!_speculativeBases.TryGetValue(told.Name, out var sentAhead) || !vector.Dominates(sentAhead))
            _outgoing.Enqueue(OutgoingStream.Create(snapshot, told.Name, vector, resume, told.Empty));
        var covered = vector.Clone();
        covered.Join(snapshot.Vector(told.Name));
        _streamed[told.Name] = covered;
        return true;
    }

    private void ReceiveChunk(Chunk chunk)
    {
        if (!_incoming.TryGetValue(chunk.Namespace, out var stream))
        {
            if (chunk.Speculative && _toldAhead.Remove(chunk.Namespace))
            {
                PassOver(chunk);
                return;
            }

            Access.CheckRecords(chunk.Namespace, chunk.Records.Span);
            throw SessionHello.Malformed("A peer streams a namespace that does not differ.");
        }

        Access.CheckRecords(chunk.Namespace, chunk.Records.Span);
        if (chunk.TargetAsTold)
            chunk.Target = NamespaceVectors.Encode(_toldThere.GetValueOrDefault(chunk.Namespace) ?? throw SessionHello.Malformed("A peer refers to a vector that it has not told."));
        if (chunk.Target.Length > 0 && !chunk.Speculative && !IsInitiator)
            _report = _report with { RoundTrips = 2 };
        var result = stream.Apply(chunk);
        if (!chunk.Last && result.Updates.Changes == 0 && chunk.Records.Length < SmallChunkBytes)
            NoteFruitless(chunk);
        _updates.Add(result.Updates);
        _report = _report with { ObjectsReceived = _report.ObjectsReceived + result.Records, ObjectsDeferred = _report.ObjectsDeferred + result.Deferred };
        if (_receiveCredit.Applied(chunk.Records.Length) is > 0 and var grant)
            Send(new SessionMessage { Credit = new Credit { Bytes = grant } });
    }

    // A stream that goes on may bring what is here already, in small chunks if its sender likes them; one that only says where it stands may not.
    private void NoteFruitless(Chunk chunk)
    {
        if (chunk.Records.IsEmpty || (chunk.PositionScalar == 0 && chunk.PositionKey.Length == 0))
            NoteIdle();
        else if (++_fruitlessChunks > MaxFruitlessChunks)
            throw SessionHello.Malformed($"A peer sent more than {MaxFruitlessChunks} small chunks of what is here already.");
    }

    // What was sent ahead came by another way meanwhile, or is not wanted here: only its number matters.
    private void PassOver(Chunk chunk)
    {
        var records = new RecordBlockReader(chunk.Records.Span);
        while (records.MoveNext())
            _report = _report with { ObjectsReceived = _report.ObjectsReceived + 1 };
    }

    private void ReceiveCredit(Credit credit, TimeSpan now)
    {
        if (credit.Bytes == 0 || !_sendCredit.IsOutstanding)
            NoteIdle();
        else
            Moved(now);
        _sendCredit.Granted(credit.Bytes);
        Pump(now);
    }

    private void ReceiveComplete(Complete complete, TimeSpan now)
    {
        if (complete.Objects != (ulong)_report.ObjectsReceived || _incoming.Any(stream => _differing!.Contains(stream.Key) && !stream.Value.IsDone))
        {
            Refuse(Refusal.Types.Reason.Malformed, $"the peer says that it sent {complete.Objects} records in whole streams; {_report.ObjectsReceived} arrived", now);
            return;
        }

        if (!complete.Session.Span.SequenceEqual(_nonce))
        {
            Refuse(Refusal.Types.Reason.Malformed, "the peer completes another session than this one", now);
            return;
        }

        ReceiveHeartbeats(complete);
        _receivedComplete = true;
        if (IsComparing && !IsInitiator)
            SendComplete(now);
        else
            CloseIfComplete(now);
    }

    private void SendComplete(TimeSpan now)
    {
        _snapshot?.Dispose();
        _snapshot = null;
        _sentComplete = true;
        Send(new SessionMessage { Complete = new Complete { Objects = (ulong)_report.ObjectsSent, Session = UnsafeByteOperations.UnsafeWrap(_remoteNonce), Heartbeats = HeartbeatsToTell() } });
        CloseIfComplete(now);
    }

    // Peers purge deletions on what is acknowledged: only what a power loss leaves may be told.
    private void SendAcknowledged()
    {
        _sentAcknowledged = true;
        Store.Barrier();
        var vectors = new Vectors();
        foreach (var name in _differing!)
            vectors.Namespaces.Add(NamespaceVectors.Acknowledge(name, Store.State(name), _incoming.GetValueOrDefault(name)?.Streamed));
        Send(new SessionMessage { Acknowledged = vectors });
    }

    private void ReceiveAcknowledged(Vectors vectors, TimeSpan now)
    {
        foreach (var told in vectors.Namespaces)
        {
            if (!_differing!.Contains(told.Name))
                throw SessionHello.Malformed("A peer acknowledges a namespace that did not differ.");
            NoteAcknowledged(told.Name, told.AsStreamed ? _streamed.GetValueOrDefault(told.Name) : NamespaceVectors.ReadDurable(told));
        }

        _receivedAcknowledged = true;
        if (!IsInitiator)
            CloseIfComplete(now);
    }

    // Of a namespace that is not here nobody asks, and whoever names many could fill the memory with them. A link that is late may still tell
    // what the peer held before it lost or dropped something, and took another epoch: that counts no more (R6).
    private void NoteAcknowledged(string ns, VersionVector? durable)
    {
        var isHere = _described.ContainsKey(ns) || (_incoming.TryGetValue(ns, out var stream) && stream.IsDone);
        if (durable is not null && isHere && Membership.Members.Find(Remote!.Value.Pid)?.Replica == Remote)
            _context.Acknowledged.Set(Remote.Value, ns, durable);
    }

    private void Pump(TimeSpan now)
    {
        if (_differing is null || _sentComplete)
            return;
        while (_outgoing.TryPeek(out var source))
        {
            if (_chunksInTransport >= MaxChunksInTransport || !_sendCredit.MaySend)
                return;
            var message = source.Next(_block, _context.Options, out var records);
            if (source.IsDone)
                _outgoing.Dequeue();
            if (IsInitiator && message.Chunk is { Target.Length: > 0 })
                _report = _report with { RoundTrips = 2 };
            SendCounted(message, records);
            var whenSent = _whenSent;
            _whenSent = null;
            whenSent?.Invoke();
        }

        if (IsComparing)
            GoOnComparing(now);
        else if (_awaited.Count == 0)
            SendComplete(now);
    }

    private void SendChunk(Chunk chunk, int records) => SendCounted(new SessionMessage { Chunk = chunk }, records);

    private void SendCounted(SessionMessage message, int records)
    {
        if (message.BodyCase == SessionMessage.BodyOneofCase.Chunk)
            ReferToTold(message.Chunk);
        var bytes = message.CalculateSize();
        if (bytes > AnnounceBytes)
        {
            Send(new SessionMessage { AnnouncedBytes = (uint)bytes });
            _sendAllowance = TimeSpan.FromSeconds((double)bytes / SlowestBytesPerSecond);
        }

        if (message.BodyCase == SessionMessage.BodyOneofCase.Chunk)
        {
            _report = _report with { ObjectsSent = _report.ObjectsSent + records };
            _sendCredit.Sent(message.Chunk.Records.Length);
        }

        _chunksInTransport++;
        Send(message);
    }

    // With many writers a vector is most of a session that brings one object.
    private void ReferToTold(Chunk chunk)
    {
        if (chunk.Target.Length == 0 || !_toldHere.TryGetValue(chunk.Namespace, out var told) || !NamespaceVectors.Encode(told).Equals(chunk.Target))
            return;
        chunk.Target = ByteString.Empty;
        chunk.TargetAsTold = true;
    }
}

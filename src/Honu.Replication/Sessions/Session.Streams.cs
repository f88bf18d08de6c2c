using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Replication;

internal sealed partial class Session
{
    private void ReceiveHello(Hello hello, TimeSpan now)
    {
        if (SessionHello.FindObjection(_store, hello, _expectedPid) is { } objection)
        {
            Refuse(objection.Reason, objection.Message, now);
            return;
        }

        ReceiveHeartbeatWish(hello);
        var remote = ReplicaId.FromUInt64(hello.Replica);
        Remote = remote;
        RemoteRegion = hello.Region.Length > 0 ? hello.Region : null;
        RemoteIncarnation = SessionHello.ToGuid(hello.Incarnation);
        _store.Describe(remote, new ReplicaDescription(RemoteRegion, hello.Owner.Length > 0 ? hello.Owner : null, SessionHello.ToGuid(hello.StoreId)));

        // Both sides count with the smaller window: a grant that waits for a quarter of a larger one would never come.
        var window = Math.Min(hello.WindowBytes, MessageLimits.WindowBytes);
        _sendCredit = new FlowCredit(window);
        _receiveCredit = new FlowCredit(window);
        _report = _report with
        {
            Initiator = IsInitiator ? _store.Identity.Replica : remote,
            Responder = IsInitiator ? remote : _store.Identity.Replica,
            RoundTrips = 1,
        };

        if (!IsInitiator)
        {
            CaptureHeartbeats();
            _summaries = _store.Summaries();
            Send(new SessionMessage { Hello = WithHeartbeats(SessionHello.Build(_store, _summaries)) });
        }

        _differing = FindDiffering(hello);
        if (_differing.Count == 0)
            SendComplete(now);
        else if (!IsInitiator)
            SendVectors();
    }

    private Guid RemoteIncarnation { get; set; }

    private HashSet<string> FindDiffering(Hello hello)
    {
        var differing = new HashSet<string>(_summaries.Keys, StringComparer.Ordinal);
        foreach (var theirs in hello.Namespaces)
        {
            if (_summaries.TryGetValue(theirs.Name, out var ours) && theirs.Summary.Span.SequenceEqual(ours))
                differing.Remove(theirs.Name);
            else
                differing.Add(theirs.Name);
        }

        return differing;
    }

    private void SendVectors()
    {
        var vectors = new Vectors();
        foreach (var name in _differing!)
        {
            var vector = _store.State(name).Vector;
            _incoming.Add(name, new IncomingStream(_store, name, Remote!.Value, RemoteIncarnation, vector));
            var told = new NamespaceVector { Name = name, Vector = UnsafeByteOperations.UnsafeWrap(vector.ToArray()) };
            if (_store.FindCursor(name, Remote.Value) is { } cursor && cursor.Incarnation == RemoteIncarnation)
            {
                told.Resume = new Resume
                {
                    Target = UnsafeByteOperations.UnsafeWrap(cursor.Target.ToArray()),
                    Replica = cursor.Position.Replica.ToUInt64(),
                    Scalar = cursor.Position.Scalar,
                };
            }

            vectors.Namespaces.Add(told);
        }

        _sentVectors = true;
        _report = _report with { RoundTrips = 2 };
        Send(new SessionMessage { Vectors = vectors });
    }

    private void ReceiveVectors(Vectors vectors, TimeSpan now)
    {
        // First the snapshot, then the barrier: everything in the snapshot is durable before any of it is shipped.
        _snapshot = _store.CreateSnapshot();
        _store.Barrier();
        foreach (var told in vectors.Namespaces)
        {
            if (!_differing!.Contains(told.Name))
                throw new HonuException(HonuErrorCode.MalformedRecord, "A peer told the vector of a namespace that does not differ.");
            if (!MessageValidation.TryDecode(told.Vector, out var vector))
                throw new HonuException(HonuErrorCode.MalformedRecord, "A peer told a vector that makes no sense.");
            if (_store.BeginNewEpochIfSetBack(told.Name, vector))
            {
                Refuse(Refusal.Types.Reason.Retry, "this store was set back to an earlier state; it has taken a new epoch and asks for its own writes again", now);
                return;
            }

            VersionVector? resumedTarget = null;
            if (told.Resume is { } resume && !MessageValidation.TryDecode(resume.Target, out resumedTarget))
                throw new HonuException(HonuErrorCode.MalformedRecord, "A peer told a cursor that makes no sense.");
            var resumedAfter = told.Resume is null ? default : new VersionId(told.Resume.Scalar, ReplicaId.FromUInt64(told.Resume.Replica));
            _outgoing.Enqueue(new OutgoingStream(_snapshot, told.Name, vector, resumedTarget, resumedAfter));
        }

        if (IsInitiator)
            SendVectors();
        Pump(now);
    }

    private void ReceiveChunk(Chunk chunk)
    {
        if (!_incoming.TryGetValue(chunk.Namespace, out var stream))
            throw new HonuException(HonuErrorCode.MalformedRecord, "A peer streams a namespace that does not differ.");
        var updates = stream.Apply(chunk).Updates;
        _updates.Add(updates);
        _report = _report with { ObjectsReceived = _report.ObjectsReceived + updates.Total };
        if (_receiveCredit.Applied(chunk.Records.Length) is > 0 and var grant)
            Send(new SessionMessage { Credit = new Credit { Bytes = grant } });
    }

    private void ReceiveComplete(Complete complete, TimeSpan now)
    {
        if (complete.Objects != (ulong)_report.ObjectsReceived || _incoming.Values.Any(stream => !stream.IsDone))
        {
            Refuse(Refusal.Types.Reason.Malformed, $"the peer says that it sent {complete.Objects} records in whole streams; {_report.ObjectsReceived} arrived", now);
            return;
        }

        ReceiveHeartbeats(complete);
        _receivedComplete = true;
        CloseIfComplete(now);
    }

    private void SendComplete(TimeSpan now)
    {
        _snapshot?.Dispose();
        _snapshot = null;
        _sentComplete = true;
        Send(new SessionMessage { Complete = new Complete { Objects = (ulong)_report.ObjectsSent, Heartbeats = HeartbeatsToTell() } });
        CloseIfComplete(now);
    }

    private void Pump(TimeSpan now)
    {
        if (_snapshot is null || _sentComplete)
            return;
        while (_outgoing.TryPeek(out var stream))
        {
            if (_chunksInTransport >= MaxChunksInTransport || !_sendCredit.MaySend)
                return;
            var chunk = stream.Next(_block, _options, out var records);
            if (stream.IsDone)
                _outgoing.Dequeue();
            _report = _report with { ObjectsSent = _report.ObjectsSent + records };
            _sendCredit.Sent(chunk.Records.Length);
            _chunksInTransport++;
            Send(new SessionMessage { Chunk = chunk });
        }

        SendComplete(now);
    }
}

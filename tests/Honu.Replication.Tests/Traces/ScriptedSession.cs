using System.Text;
using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication.Tests.Traces;

/// <summary>
/// One session between two scripted replicas, in one thread: their effects are carried by hand, each message through the real codec, one at a time and
/// in turns. With one record a chunk (as the replicas of a script have it) a stream can be cut after any of its records.
/// </summary>
internal sealed class ScriptedSession
{
    private static readonly PeerAddress Address = new("scripted", 1);

    private readonly Side _initiator;
    private readonly Side _responder;
    private bool _isOpen = true;

    private ScriptedSession(ScriptedReplica initiator, ScriptedReplica responder)
    {
        _initiator = new Side(initiator);
        _responder = new Side(responder);
        _initiator.Other = _responder;
        _responder.Other = _initiator;
    }

    /// <summary>How the session went, seen by its initiator; <see langword="null"/> while it has not ended.</summary>
    public SyncReport? Report => _initiator.Report;

    /// <summary>How the session went, seen by its responder.</summary>
    public SyncReport? ResponderReport => _responder.Report;

    /// <summary>Every record that was delivered: from whom, and <c>key@scalar.pid</c>.</summary>
    public List<(ScriptedReplica From, string Key, VersionId Version)> Records { get; } = [];

    /// <summary>Every message that was delivered.</summary>
    public List<(ScriptedReplica From, SessionMessage Message)> Messages { get; } = [];

    /// <summary>May change a message on its way; what it returns is delivered.</summary>
    public Func<ScriptedReplica, SessionMessage, SessionMessage>? Rewrite { get; init; }

    /// <summary>Runs a whole session, which must succeed.</summary>
    public static ScriptedSession Complete(ScriptedReplica initiator, ScriptedReplica responder)
    {
        var session = Run(initiator, responder);
        Assert.True(session.Report is { IsSuccess: true }, $"The session should have succeeded: {session.Report?.Outcome}, {session.Report?.Error}");
        Assert.True(session.ResponderReport is { IsSuccess: true }, $"The responder should have succeeded: {session.ResponderReport?.Outcome}, {session.ResponderReport?.Error}");
        return session;
    }

    /// <summary>Runs a session to whatever end it finds.</summary>
    /// <param name="initiator">Who opens it.</param>
    /// <param name="responder">Who answers.</param>
    /// <param name="cutSender">Whose stream is cut.</param>
    /// <param name="cutAfterRecords">After how many records from it the link breaks.</param>
    /// <param name="rewrite">May change messages on their way.</param>
    /// <param name="verify">Whether contents are compared where summaries are equal.</param>
    public static ScriptedSession Run(ScriptedReplica initiator, ScriptedReplica responder, ScriptedReplica? cutSender = null, int cutAfterRecords = int.MaxValue, Func<ScriptedReplica, SessionMessage, SessionMessage>? rewrite = null, bool verify = false)
    {
        var session = new ScriptedSession(initiator, responder) { Rewrite = rewrite };
        session.Open(verify);
        session.Pump(cutSender, cutAfterRecords);
        return session;
    }

    private void Open(bool verify)
    {
        var opening = _initiator.Replica.Machine.Handle(new ReplicaEvent.SyncRequested(1, Address, verify), TimeSpan.Zero).OfType<ReplicaEffect.OpenSession>().Single();
        _initiator.Session = opening.Session;
        _responder.Session = _responder.Replica.Machine.NextSessionId();
        _initiator.Handle(new ReplicaEvent.SessionOpened(_initiator.Session));
        _responder.Handle(new ReplicaEvent.SessionAccepted(_responder.Session));
    }

    private void Pump(ScriptedReplica? cutSender, int cutAfterRecords)
    {
        while (_isOpen && (_initiator.Out.Count > 0 || _responder.Out.Count > 0))
        {
            foreach (var side in new[] { _initiator, _responder })
            {
                if (_isOpen && side.Out.TryDequeue(out var bytes))
                    Deliver(side, bytes, cutSender, cutAfterRecords);
            }
        }

        if (_isOpen && _responder.IsClosed)
            _initiator.Handle(new ReplicaEvent.SessionEnded(_initiator.Session, Error: null));
    }

    private void Deliver(Side sender, byte[] bytes, ScriptedReplica? cutSender, int cutAfterRecords)
    {
        var message = SessionMessage.Parser.ParseFrom(bytes);
        var isChunk = message.BodyCase == SessionMessage.BodyOneofCase.Chunk;
        if (isChunk && ReferenceEquals(sender.Replica, cutSender) && Records.Count(record => ReferenceEquals(record.From, cutSender)) >= cutAfterRecords)
        {
            // What the other side has sent by then arrives.
            while (sender.Other.Out.TryDequeue(out var sentBefore))
                Deliver(sender.Other, sentBefore, cutSender: null, cutAfterRecords);
            _isOpen = false;
            _initiator.Handle(new ReplicaEvent.SessionEnded(_initiator.Session, "cut"));
            _responder.Handle(new ReplicaEvent.SessionEnded(_responder.Session, "cut"));
            return;
        }

        if (Rewrite is not null)
        {
            message = Rewrite(sender.Replica, message);
            bytes = message.ToByteArray();
        }

        Note(sender.Replica, message);
        sender.Other.Handle(new ReplicaEvent.MessageReceived(sender.Other.Session, message, bytes.Length + 5));
        if (isChunk || message.BodyCase == SessionMessage.BodyOneofCase.RepairRecords)
            sender.Handle(new ReplicaEvent.StreamWritable(sender.Session));
    }

    private void Note(ScriptedReplica from, SessionMessage message)
    {
        Messages.Add((from, message));
        if (message.BodyCase != SessionMessage.BodyOneofCase.Chunk)
            return;
        var block = new RecordBlockReader(message.Chunk.Records.Span);
        while (block.MoveNext() && block.Record.Length >= RecordLayout.HeaderBytes)
            Records.Add((from, Encoding.UTF8.GetString(block.Key), RecordReader.ReadVersion(block.Record)));
    }

    private sealed class Side(ScriptedReplica replica)
    {
        public ScriptedReplica Replica { get; } = replica;

        public Side Other { get; set; } = null!;

        public SessionId Session { get; set; }

        public Queue<byte[]> Out { get; } = new();

        public bool IsClosed { get; private set; }

        public SyncReport? Report { get; private set; }

        public void Handle(ReplicaEvent happened)
        {
            foreach (var effect in Replica.Machine.Handle(happened, TimeSpan.Zero).ToArray())
            {
                switch (effect)
                {
                    case ReplicaEffect.Send send:
                        Out.Enqueue(send.Message.ToByteArray());
                        break;
                    case ReplicaEffect.RunInBackground run:
                        Handle(new ReplicaEvent.BackgroundDone(run.Session, run.Work(CancellationToken.None), Error: null));
                        break;
                    case ReplicaEffect.CloseSession:
                        IsClosed = true;
                        break;
                    case ReplicaEffect.SessionFinished finished:
                        Report = finished.Report;
                        break;
                }
            }
        }
    }
}

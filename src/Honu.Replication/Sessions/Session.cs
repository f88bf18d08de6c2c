using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>
/// One bilateral anti-entropy session, as either side sees it:
/// <code>
/// initiator                                 responder
/// Hello (summaries)                  →
/// [Vectors, Chunk: what it knows
///  the other to lack]                →
///                                    ←      Hello (summaries)
///                                    ←      Complete                        when all summaries are equal, or
///                                    ←      Vectors (of what differs)
/// Complete, or Vectors (the rest)    →
/// Chunk… Complete                    ↔      Chunk… Complete                 both ways at once, by credit
/// Acknowledged, half-close           ↔      Acknowledged                    unless all summaries were equal
///                                    ←      end of the call
/// </code>
/// Where summaries are equal and contents are to be compared, repair (Session.Repair.cs) takes the place of the chunks.
/// Refusal may take the place of any message and ends the session.
/// </summary>
internal sealed partial class Session
{
    // Chunks handed to the transport that have not left yet: enough to keep it busy, few enough to bound the memory.
    private const int MaxChunksInTransport = 4;

    // Messages that bring nothing: a healthy peer sends hardly any, an endless row of them would keep the session alive for ever.
    private const int MaxIdleMessages = 64;

    // A link of this speed must be able to bring a large message in time.
    private const int SlowestBytesPerSecond = 32 * 1024;

    private readonly SessionContext _context;
    private readonly uint? _expectedPid;
    private readonly RecordBlockWriter _block = new();
    private readonly byte[] _nonce = new byte[SessionHello.NonceBytes];
    private readonly HashSet<string> _awaited = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IncomingStream> _incoming = new(StringComparer.Ordinal);
    private readonly Queue<IOutgoingSource> _outgoing = new();
    private FlowCredit _sendCredit = new(MessageLimits.WindowBytes);
    private FlowCredit _receiveCredit = new(MessageLimits.WindowBytes);

    private SessionAccess? _access;
    private IReadOnlyDictionary<string, NamespaceDescription> _described = new Dictionary<string, NamespaceDescription>(StringComparer.Ordinal);
    private HashSet<string>? _differing;
    private ReplicationSnapshot? _snapshot;
    private byte[] _remoteNonce = [];
    private int _chunksInTransport;
    private int _idleMessages;
    private bool _sentComplete;
    private bool _receivedComplete;
    private bool _receivedAcknowledged;
    private TimeSpan _started;
    private TimeSpan _allowance;
    private TimeSpan _sendAllowance;
    private SyncReport _report = new();
    private UpdateCounts _updates;

    public Session(SessionId id, bool isInitiator, SessionContext context, Peer? peer, uint? expectedPid, bool verify, TimeSpan now)
    {
        Id = id;
        IsInitiator = isInitiator;
        Peer = peer;
        _context = context;
        _expectedPid = expectedPid;
        _verify = verify;
        _started = LastProgress = now;
        context.Random.NextBytes(_nonce);
    }

    public SessionId Id { get; }

    public bool IsInitiator { get; }

    /// <summary>The peer that the session is with, as far as it is a known one.</summary>
    public Peer? Peer { get; private set; }

    /// <summary>Who the other side is, once its Hello was accepted.</summary>
    public ReplicaId? Remote { get; private set; }

    public string? RemoteRegion { get; private set; }

    /// <summary>The namespaces that the session is to compare, for which it was opened; what was compared is taken out. <see langword="null"/> for all.</summary>
    public HashSet<string>? Suspects { get; init; }

    /// <summary>When something last came or went: the deadline counts from here.</summary>
    public TimeSpan LastProgress { get; private set; }

    /// <summary>When the session is given up unless something moves. A stranger gets less time than a peer that has said who it is.</summary>
    public TimeSpan Deadline => LastProgress + (_allowance > _sendAllowance ? _allowance : _sendAllowance) + (Remote is null && !IsInitiator && _context.Options.HelloTimeout < _context.Options.ProgressTimeout ? _context.Options.HelloTimeout : _context.Options.ProgressTimeout);

    /// <summary>How the session went, once it has ended.</summary>
    public SyncReport? Report { get; private set; }

    private ReplicationPort Store => _context.Store;

    private SessionAccess Access => _access ?? throw new InvalidOperationException("The session has not been opened.");

    /// <summary>The streams are open: the initiator speaks first.</summary>
    /// <param name="now">The time.</param>
    /// <param name="identity">What the peer's certificate says; <see langword="null"/> over plaintext.</param>
    public void Opened(TimeSpan now, PeerIdentity? identity)
    {
        _started = LastProgress = now;
        _access = new SessionAccess(Store.Identity, _context.Options.Grants, identity, _expectedPid);
        if (!IsInitiator)
            return;
        if (_access.FindObjection() is { } objection)
            Refuse(objection.Reason, objection.Message, now);
        else
            Guarded(SayHello, now);
    }

    public void Receive(SessionMessage message, int bytes, TimeSpan now)
    {
        _report = _report with { BytesReceived = _report.BytesReceived + bytes };
        if (MessageValidation.FindFault(message) is { } fault)
            Refuse(Refusal.Types.Reason.Malformed, fault, now);
        else
            Guarded(() => Dispatch(message, now), now);
    }

    /// <summary>A chunk has left for the network.</summary>
    public void Writable(TimeSpan now)
    {
        LastProgress = now;
        _sendAllowance = TimeSpan.Zero;
        _chunksInTransport = Math.Max(0, _chunksInTransport - 1);
        Guarded(() => Pump(now), now);
    }

    /// <summary>The streams have ended, in good order or not.</summary>
    public void Ended(string? error, TimeSpan now)
    {
        if (error is null && _sentComplete && _receivedComplete)
            FinishCompleted(now);
        else
            Finish(Remote is null ? SyncOutcome.Unreachable : SyncOutcome.Interrupted, SessionEndReason.Link, error ?? "the peer ended the session early", now);
    }

    /// <summary>Gives up because nothing moved, and says so in case the peer still listens.</summary>
    public void TimedOut(TimeSpan now)
    {
        const string Why = "the session made no progress in time";
        Send(new SessionMessage { Refusal = new Refusal { Reason = Refusal.Types.Reason.Retry, Message = Why } });
        _context.Effects.Add(new ReplicaEffect.CloseSession(Id));
        _context.Effects.Add(new ReplicaEffect.AbortSession(Id));
        Finish(Remote is null ? SyncOutcome.Unreachable : SyncOutcome.Interrupted, SessionEndReason.Timeout, Why, now);
    }

    /// <summary>Ends the session with a reason that both sides are told.</summary>
    public void Refuse(Refusal.Types.Reason reason, string message, TimeSpan now)
    {
        if (Report is not null)
            return;
        var text = message.Length <= MessageLimits.TextBytes / 4 ? message : message[..(MessageLimits.TextBytes / 4)];
        Send(new SessionMessage { Refusal = new Refusal { Reason = reason, Message = text } });
        _context.Effects.Add(new ReplicaEffect.CloseSession(Id));
        FinishRefused(reason, text, now);
    }

    // Wrong for good, too early, or a fault of this machine, whatever it is: the session must not go on after a step that failed.
    private void Guarded(Action step, TimeSpan now)
    {
        try
        {
            step();
        }
        catch (Exception error)
        {
            Refuse(SessionRefusal.ReasonFor(error), error.Message, now);
        }
    }

    private void Dispatch(SessionMessage message, TimeSpan now)
    {
        if (message.BodyCase != SessionMessage.BodyOneofCase.Credit)
            Moved(now);
        switch (message.BodyCase)
        {
            case SessionMessage.BodyOneofCase.Hello when Remote is null:
                ReceiveHello(message.Hello, now);
                break;
            case SessionMessage.BodyOneofCase.Vectors when Remote is not null && !_receivedComplete:
                ReceiveVectors(message.Vectors, now);
                break;
            case SessionMessage.BodyOneofCase.Chunk when Remote is not null && !_receivedComplete:
                ReceiveChunk(message.Chunk);
                break;
            case SessionMessage.BodyOneofCase.Credit when Remote is not null:
                ReceiveCredit(message.Credit, now);
                break;
            case SessionMessage.BodyOneofCase.AnnouncedBytes when Remote is not null:
                NoteIdle();
                if (message.AnnouncedBytes > MessageLimits.MaxMessageBytes(Store.MaxValueBytes))
                    throw SessionHello.Malformed($"A peer announced a message of {message.AnnouncedBytes} bytes, more than any may have.");
                _allowance = TimeSpan.FromSeconds((double)message.AnnouncedBytes / SlowestBytesPerSecond);
                break;
            case SessionMessage.BodyOneofCase.Complete when _differing is not null && !_receivedComplete:
                ReceiveComplete(message.Complete, now);
                break;
            case SessionMessage.BodyOneofCase.Acknowledged when _receivedComplete && !_receivedAcknowledged && _differing!.Count > 0:
                ReceiveAcknowledged(message.Acknowledged, now);
                break;
            case SessionMessage.BodyOneofCase.Members when _differing is not null && !_receivedComplete && !_receivedMembers:
                ReceiveMembers(message.Members);
                break;
            case SessionMessage.BodyOneofCase.Refusal:
                _context.Effects.Add(new ReplicaEffect.CloseSession(Id));
                FinishRefused(message.Refusal.Reason, message.Refusal.Message, now);
                break;
            default:
                if (!TryDispatchRepair(message, now))
                    Refuse(Refusal.Types.Reason.Malformed, $"a {message.BodyCase} came out of its order", now);
                break;
        }
    }

    private void Moved(TimeSpan now)
    {
        LastProgress = now;
        _allowance = TimeSpan.Zero;
    }

    private void NoteIdle()
    {
        if (++_idleMessages > MaxIdleMessages)
            throw SessionHello.Malformed($"A peer sent more than {MaxIdleMessages} messages that brought nothing.");
    }

    private void CloseIfComplete(TimeSpan now)
    {
        if (!_sentComplete || !_receivedComplete)
            return;
        if (_report.Duration == TimeSpan.Zero)
            _report = _report with { Duration = now - _started };
        if (_differing!.Count > 0 && !_sentAcknowledged)
            SendAcknowledged();

        // The responder hears what the initiator has made durable; the initiator waits for the end of the call, which says that everything sent was applied.
        if (!IsInitiator && _differing.Count > 0 && !_receivedAcknowledged)
            return;
        _context.Effects.Add(new ReplicaEffect.CloseSession(Id));
        if (!IsInitiator)
            FinishCompleted(now);
    }

    private void FinishCompleted(TimeSpan now)
    {
        NoteCovered();
        TakeHeartbeats();
        Finish(_differing!.Count == 0 && _report.ObjectsRepaired == 0 ? SyncOutcome.Equal : SyncOutcome.Completed, SessionEndReason.None, error: null, now);
    }

    private void FinishRefused(Refusal.Types.Reason reason, string text, TimeSpan now)
    {
        var endReason = SessionRefusal.EndReason(reason);
        Finish(SessionRefusal.OutcomeOf(endReason), endReason, text, now);
    }

    private void Finish(SyncOutcome outcome, SessionEndReason reason, string? error, TimeSpan now)
    {
        if (Report is not null)
            return;
        _snapshot?.Dispose();
        _snapshot = null;
        EndRepair();
        _outgoing.Clear();
        Report = _report with { Outcome = outcome, Reason = reason, Error = error, Updates = _updates, Duration = _report.Duration > TimeSpan.Zero ? _report.Duration : now - _started };
    }

    private void Send(SessionMessage message)
    {
        _report = _report with { BytesSent = _report.BytesSent + message.CalculateSize() + 5 };
        _context.Effects.Add(new ReplicaEffect.Send(Id, message));
    }
}

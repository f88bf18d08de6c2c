using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>
/// One bilateral anti-entropy session, as either side sees it:
/// <code>
/// initiator                                 responder
/// Hello (summaries)                  →
///                                    ←      Hello (summaries)
///                                    ←      Complete                        when all summaries are equal, or
///                                    ←      Vectors (of what differs)
/// Complete, or Vectors               →
/// Chunk… Complete                    ↔      Chunk… Complete                 both ways at once, by credit
/// half-close                         →
///                                    ←      end of the call
/// </code>
/// Refusal may take the place of any message and ends the session.
/// </summary>
internal sealed partial class Session
{
    // Chunks handed to the transport that have not left yet: enough to keep it busy, few enough to bound the memory.
    private const int MaxChunksInTransport = 4;

    private readonly ReplicationPort _store;
    private readonly ReplicaOptions _options;
    private readonly List<ReplicaEffect> _effects;
    private readonly uint? _expectedPid;
    private readonly RecordBlockWriter _block = new();
    private FlowCredit _sendCredit = new(MessageLimits.WindowBytes);
    private FlowCredit _receiveCredit = new(MessageLimits.WindowBytes);
    private readonly Dictionary<string, IncomingStream> _incoming = new(StringComparer.Ordinal);
    private readonly Queue<OutgoingStream> _outgoing = new();

    private IReadOnlyDictionary<string, byte[]> _summaries = new Dictionary<string, byte[]>(StringComparer.Ordinal);
    private HashSet<string>? _differing;
    private ReplicationSnapshot? _snapshot;
    private int _chunksInTransport;
    private bool _sentVectors;
    private bool _sentComplete;
    private bool _receivedComplete;
    private TimeSpan _started;
    private SyncReport _report = new();
    private UpdateCounts _updates;

    public Session(SessionId id, bool isInitiator, ReplicationPort store, ReplicaOptions options, uint? expectedPid, List<ReplicaEffect> effects, TimeSpan now)
    {
        Id = id;
        IsInitiator = isInitiator;
        _store = store;
        _options = options;
        _expectedPid = expectedPid;
        _effects = effects;
        _started = LastProgress = now;
    }

    public SessionId Id { get; }

    public bool IsInitiator { get; }

    /// <summary>Who the other side is, once its Hello was accepted.</summary>
    public ReplicaId? Remote { get; private set; }

    public string? RemoteRegion { get; private set; }

    /// <summary>When something last came or went: the deadline counts from here.</summary>
    public TimeSpan LastProgress { get; private set; }

    /// <summary>How the session went, once it has ended.</summary>
    public SyncReport? Report { get; private set; }

    /// <summary>The initiator's streams are open.</summary>
    public void Opened(TimeSpan now)
    {
        _started = LastProgress = now;
        if (!IsInitiator)
            return;
        CaptureHeartbeats();
        _summaries = _store.Summaries();
        Send(new SessionMessage { Hello = WithHeartbeats(SessionHello.Build(_store, _summaries)) });
    }

    public void Receive(SessionMessage message, int bytes, TimeSpan now)
    {
        LastProgress = now;
        _report = _report with { BytesReceived = _report.BytesReceived + bytes };
        if (MessageValidation.FindFault(message) is { } fault)
        {
            Refuse(Refusal.Types.Reason.Malformed, fault, now);
            return;
        }

        try
        {
            Dispatch(message, now);
        }
        catch (Exception error)
        {
            // Wrong for good, too early, or a fault of this machine, whatever it is: the session must not go on after a step that failed.
            var reason = (error as HonuException)?.Code switch
            {
                HonuErrorCode.MalformedRecord => Refusal.Types.Reason.Malformed,
                HonuErrorCode.ClockDrift => Refusal.Types.Reason.Drift,
                _ => Refusal.Types.Reason.Retry,
            };
            Refuse(reason, error.Message, now);
        }
    }

    /// <summary>A chunk has left for the network.</summary>
    public void Writable(TimeSpan now)
    {
        LastProgress = now;
        _chunksInTransport = Math.Max(0, _chunksInTransport - 1);
        try
        {
            Pump(now);
        }
        catch (Exception error)
        {
            // As above: nothing may be streamed after a step that failed.
            Refuse(Refusal.Types.Reason.Retry, error.Message, now);
        }
    }

    /// <summary>The streams have ended, in good order or not.</summary>
    public void Ended(string? error, TimeSpan now)
    {
        if (error is null && _sentComplete && _receivedComplete)
            FinishCompleted(now);
        else
            Finish(Remote is null ? SyncOutcome.Unreachable : SyncOutcome.Interrupted, error ?? "the peer ended the session early", now);
    }

    /// <summary>Gives up because nothing moved.</summary>
    public void TimedOut(TimeSpan now)
    {
        _effects.Add(new ReplicaEffect.AbortSession(Id));
        Finish(Remote is null ? SyncOutcome.Unreachable : SyncOutcome.Interrupted, "the session made no progress in time", now);
    }

    private void Dispatch(SessionMessage message, TimeSpan now)
    {
        switch (message.BodyCase)
        {
            case SessionMessage.BodyOneofCase.Hello when Remote is null:
                ReceiveHello(message.Hello, now);
                break;
            case SessionMessage.BodyOneofCase.Vectors when _differing is not null && _outgoing.Count == 0 && !_sentComplete:
                ReceiveVectors(message.Vectors, now);
                break;
            case SessionMessage.BodyOneofCase.Chunk when _sentVectors && !_receivedComplete:
                ReceiveChunk(message.Chunk);
                break;
            case SessionMessage.BodyOneofCase.Credit:
                _sendCredit.Granted(message.Credit.Bytes);
                Pump(now);
                break;
            case SessionMessage.BodyOneofCase.Complete when _differing is not null && !_receivedComplete:
                ReceiveComplete(message.Complete, now);
                break;
            case SessionMessage.BodyOneofCase.Refusal:
                ReceiveRefusal(message.Refusal, now);
                break;
            default:
                Refuse(Refusal.Types.Reason.Malformed, $"a {message.BodyCase} came out of its order", now);
                break;
        }
    }

    private void ReceiveRefusal(Refusal refusal, TimeSpan now)
    {
        _effects.Add(new ReplicaEffect.CloseSession(Id));
        Finish(OutcomeOf(refusal.Reason), refusal.Message, now);
    }

    private void Refuse(Refusal.Types.Reason reason, string message, TimeSpan now)
    {
        var text = message.Length <= MessageLimits.TextBytes / 4 ? message : message[..(MessageLimits.TextBytes / 4)];
        Send(new SessionMessage { Refusal = new Refusal { Reason = reason, Message = text } });
        _effects.Add(new ReplicaEffect.CloseSession(Id));
        Finish(OutcomeOf(reason), text, now);
    }

    private static SyncOutcome OutcomeOf(Refusal.Types.Reason reason) =>
        reason is Refusal.Types.Reason.Retry or Refusal.Types.Reason.Drift or Refusal.Types.Reason.Unspecified ? SyncOutcome.Interrupted : SyncOutcome.Refused;

    private void CloseIfComplete(TimeSpan now)
    {
        if (!_sentComplete || !_receivedComplete)
            return;
        _effects.Add(new ReplicaEffect.CloseSession(Id));

        // The initiator waits for the responder's end of the call, which says that everything sent was applied.
        if (!IsInitiator)
            FinishCompleted(now);
    }

    private void FinishCompleted(TimeSpan now)
    {
        TakeHeartbeats();
        Finish(_differing!.Count == 0 ? SyncOutcome.Equal : SyncOutcome.Completed, error: null, now);
    }

    private void Finish(SyncOutcome outcome, string? error, TimeSpan now)
    {
        if (Report is not null)
            return;
        _snapshot?.Dispose();
        _snapshot = null;
        _outgoing.Clear();
        Report = _report with { Outcome = outcome, Error = error, Updates = _updates, Duration = now - _started };
    }

    private void Send(SessionMessage message)
    {
        _report = _report with { BytesSent = _report.BytesSent + message.CalculateSize() + 5 };
        _effects.Add(new ReplicaEffect.Send(Id, message));
    }
}

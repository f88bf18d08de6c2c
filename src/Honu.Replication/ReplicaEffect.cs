using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Something that the state machine wants done. The shell (or the simulator) carries effects out in their order.</summary>
public abstract record ReplicaEffect
{
    private ReplicaEffect()
    {
    }

    /// <summary>Connect to a peer and open a session; answer with <see cref="ReplicaEvent.SessionOpened"/> or <see cref="ReplicaEvent.SessionEnded"/>.</summary>
    public sealed record OpenSession(SessionId Session, PeerAddress Address) : ReplicaEffect;

    /// <summary>Send a message. For a chunk, answer with <see cref="ReplicaEvent.StreamWritable"/> once it has left.</summary>
    public sealed record Send(SessionId Session, SessionMessage Message) : ReplicaEffect;

    /// <summary>Nothing more will be sent. The initiator half-closes and waits for the other side's end; the responder ends the call.</summary>
    public sealed record CloseSession(SessionId Session) : ReplicaEffect;

    /// <summary>Give the session up: cancel its call, as soon as what was to be sent before has left or a second has passed. No <see cref="ReplicaEvent.SessionEnded"/> is expected.</summary>
    public sealed record AbortSession(SessionId Session) : ReplicaEffect;

    /// <summary>Do some work that takes its time beside the event loop; answer with <see cref="ReplicaEvent.BackgroundDone"/>, whatever comes of it.</summary>
    public sealed record RunInBackground(SessionId Session, Func<CancellationToken, object> Work) : ReplicaEffect;

    /// <summary>Wake the replica by <see cref="ReplicaEvent.TimerDue"/> at a time on the clock that <see cref="Replica.Handle"/> is given.</summary>
    public sealed record SetTimer(ReplicaTimer Timer, TimeSpan Due) : ReplicaEffect;

    /// <summary>A timer is not needed any more.</summary>
    public sealed record ClearTimer(ReplicaTimer Timer) : ReplicaEffect;

    /// <summary>Push rumors to a peer; answer with <see cref="ReplicaEvent.RumorsAnswered"/> or <see cref="ReplicaEvent.RumorsFailed"/>. With certificates, only to whom <paramref name="Address"/> names.</summary>
    /// <param name="Push">The push.</param>
    /// <param name="Address">The peer, with its pid.</param>
    /// <param name="Batch">What to push. Shared by several effects: not to be changed.</param>
    public sealed record SendRumors(PushId Push, PeerAddress Address, RumorBatch Batch) : ReplicaEffect;

    /// <summary>Answer what a peer has pushed.</summary>
    public sealed record AnswerRumors(PushId Push, RumorAnswer Answer) : ReplicaEffect;

    /// <summary>A relay in another region has earned a reward, for the push that it was chosen for.</summary>
    /// <param name="Address">The relay.</param>
    /// <param name="Reward">0 to 1; 1 when it has answered as fast as its region can, 0 when it has not answered in time.</param>
    public sealed record RelayRewarded(PeerAddress Address, double Reward) : ReplicaEffect;

    /// <summary>A session has ended.</summary>
    /// <param name="Session">The session.</param>
    /// <param name="Request">The request that asked for it, if one did.</param>
    /// <param name="Address">The peer, for a session that was opened here.</param>
    /// <param name="Report">How it went.</param>
    /// <param name="IsInitiator">Whether it was opened here.</param>
    public sealed record SessionFinished(SessionId Session, long? Request, PeerAddress? Address, SyncReport Report, bool IsInitiator) : ReplicaEffect
    {
        /// <summary>What the session was worth to the selector, 0 to 1; <see langword="null"/> when nothing was learned from it.</summary>
        public double? Reward { get; init; }
    }
}

using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Something that happened outside of the state machine. The shell (or the simulator) passes events to <see cref="Replica.Handle"/>, one at a time.</summary>
public abstract record ReplicaEvent
{
    private ReplicaEvent()
    {
    }

    /// <summary>The replica begins its work.</summary>
    public sealed record Started : ReplicaEvent;

    /// <summary>Local writes were committed. Several commits may be told by one event.</summary>
    public sealed record LocalCommit : ReplicaEvent;

    /// <summary>A timer that <see cref="ReplicaEffect.SetTimer"/> set has come due.</summary>
    public sealed record TimerDue(ReplicaTimer Timer) : ReplicaEvent;

    /// <summary>Somebody asks for a session with a peer at once.</summary>
    /// <param name="Request">Comes back in <see cref="ReplicaEffect.SessionFinished"/>.</param>
    /// <param name="Address">The peer; need not be configured.</param>
    /// <param name="Verify">Also compare the contents of namespaces whose vectors are equal (R13), and repair what differs.</param>
    public sealed record SyncRequested(long Request, PeerAddress Address, bool Verify = false) : ReplicaEvent;

    /// <summary>An operator adds a peer, which is kept in the store.</summary>
    /// <param name="Address">Where it is.</param>
    public sealed record PeerAdded(PeerAddress Address) : ReplicaEvent;

    /// <summary>An operator takes back a peer that was added. <see cref="Replica.Handle"/> throws <see cref="KeyNotFoundException"/> when there is none at that address, <see cref="ArgumentException"/> when it is not one that was added.</summary>
    /// <param name="Address">Where it is.</param>
    public sealed record PeerRemoved(PeerAddress Address) : ReplicaEvent;

    /// <summary>An operator tells that a member has left for good. <see cref="Replica.Handle"/> throws <see cref="KeyNotFoundException"/> when it is not known.</summary>
    /// <param name="Pid">Which.</param>
    public sealed record MemberRetired(uint Pid) : ReplicaEvent;

    /// <summary>An operator takes a retired member out of the list. <see cref="Replica.Handle"/> throws <see cref="KeyNotFoundException"/> when it is not retired or not known.</summary>
    /// <param name="Pid">Which.</param>
    public sealed record MemberForgotten(uint Pid) : ReplicaEvent;

    /// <summary>A subscription is added, which is kept in the store. What others hold of it comes with the next sessions.</summary>
    /// <param name="Pattern">A namespace, or a prefix that ends with <c>*</c>.</param>
    public sealed record SubscriptionAdded(string Pattern) : ReplicaEvent;

    /// <summary>A subscription is given up. All running sessions are ended. <see cref="Replica.Handle"/> throws <see cref="KeyNotFoundException"/> when there is no such subscription.</summary>
    /// <param name="Pattern">As it was added.</param>
    /// <param name="Drop">Whether the namespaces that it alone wanted go from the store, with everything in them.</param>
    public sealed record SubscriptionRemoved(string Pattern, bool Drop) : ReplicaEvent;

    /// <summary>Somebody waits for writes that are not here: sessions are held at once, with peers that are known to have them first.</summary>
    /// <param name="Namespace">The namespace.</param>
    /// <param name="Wanted">What must be covered.</param>
    public sealed record PullRequested(string Namespace, VersionVector Wanted) : ReplicaEvent;

    /// <summary>Somebody waits for other replicas to have a local write: sessions are held at once with those that have not acknowledged it.</summary>
    /// <param name="Namespace">The namespace.</param>
    /// <param name="Version">The write.</param>
    public sealed record PushRequested(string Namespace, VersionId Version) : ReplicaEvent;

    /// <summary>Somebody waits until everything of all replicas up to a moment is here: sessions are held at once with those of whom that is not known.</summary>
    /// <param name="UpTo">The moment.</param>
    public sealed record RefreshRequested(DateTimeOffset UpTo) : ReplicaEvent;

    /// <summary>The store has found other records than it has written: the next sessions compare the namespace with each peer's.</summary>
    /// <param name="Namespace">The namespace.</param>
    public sealed record StoreDiffers(string Namespace) : ReplicaEvent;

    /// <summary>A session that <see cref="ReplicaEffect.OpenSession"/> asked for has its streams.</summary>
    /// <param name="Session">The session.</param>
    /// <param name="Peer">Who the certificate of the other end names; <see langword="null"/> without one.</param>
    public sealed record SessionOpened(SessionId Session, PeerIdentity? Peer = null) : ReplicaEvent;

    /// <summary>A peer has opened a session.</summary>
    /// <param name="Session">A new id from <see cref="Replica.NextSessionId"/>.</param>
    /// <param name="Peer">Who the certificate of the other end names; <see langword="null"/> without one.</param>
    public sealed record SessionAccepted(SessionId Session, PeerIdentity? Peer = null) : ReplicaEvent;

    /// <summary>A message has arrived.</summary>
    /// <param name="Session">The session.</param>
    /// <param name="Message">The message.</param>
    /// <param name="Bytes">Its length on the wire, with its frame.</param>
    public sealed record MessageReceived(SessionId Session, SessionMessage Message, int Bytes) : ReplicaEvent;

    /// <summary>A chunk that was sent has left for the network: the next one may follow.</summary>
    public sealed record StreamWritable(SessionId Session) : ReplicaEvent;

    /// <summary>What <see cref="ReplicaEffect.RunInBackground"/> asked for was done.</summary>
    /// <param name="Session">The session.</param>
    /// <param name="Result">What came of it.</param>
    /// <param name="Error">Why nothing came of it.</param>
    public sealed record BackgroundDone(SessionId Session, object? Result, Exception? Error) : ReplicaEvent;

    /// <summary>The session's streams have ended.</summary>
    /// <param name="Session">The session.</param>
    /// <param name="Error">Why, or <see langword="null"/> when the other side ended them in good order.</param>
    public sealed record SessionEnded(SessionId Session, string? Error) : ReplicaEvent;

    /// <summary>A peer has pushed rumors: <see cref="ReplicaEffect.AnswerRumors"/> answers, among the effects of this event.</summary>
    /// <param name="Push">A new id from <see cref="Replica.NextPushId"/>.</param>
    /// <param name="Peer">Who the certificate of the other end names; <see langword="null"/> without one.</param>
    /// <param name="Batch">What was pushed.</param>
    /// <param name="Bytes">Its length on the wire, with its frame.</param>
    public sealed record RumorsReceived(PushId Push, PeerIdentity? Peer, RumorBatch Batch, int Bytes) : ReplicaEvent;

    /// <summary>A peer has answered what <see cref="ReplicaEffect.SendRumors"/> sent.</summary>
    /// <param name="Push">Which push.</param>
    /// <param name="Answer">The answer.</param>
    /// <param name="Bytes">Its length on the wire, with its frame.</param>
    public sealed record RumorsAnswered(PushId Push, RumorAnswer Answer, int Bytes) : ReplicaEvent;

    /// <summary>What <see cref="ReplicaEffect.SendRumors"/> sent was not answered. Need not be told: the state machine has its own time-outs.</summary>
    /// <param name="Push">Which push.</param>
    /// <param name="IsUnsupported">Whether the peer does not speak rumors.</param>
    /// <param name="Error">Why.</param>
    public sealed record RumorsFailed(PushId Push, bool IsUnsupported, string Error) : ReplicaEvent;
}

/// <summary>Names a push of rumors, own or received, for as long as the replica lives.</summary>
/// <param name="Value">A running number.</param>
public readonly record struct PushId(long Value);

/// <summary>Names a session of one replica, for as long as the replica lives.</summary>
/// <param name="Value">A running number.</param>
public readonly record struct SessionId(long Value);

/// <summary>Names a timer; setting it again replaces it.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Session">Which session, for a session's timer.</param>
public readonly record struct ReplicaTimer(ReplicaTimerKind Kind, SessionId Session = default);

/// <summary>What a timer is for.</summary>
public enum ReplicaTimerKind
{
    /// <summary>The next session is due.</summary>
    NextSession,

    /// <summary>A session may have stopped making progress.</summary>
    SessionProgress,

    /// <summary>Deletions may be ripe for purging.</summary>
    Purge,

    /// <summary>A record that was too far ahead of the clock may be due.</summary>
    Deferred,

    /// <summary>Members that were silent for too long are to be looked for.</summary>
    Membership,

    /// <summary>Rumors are to be sent, or were not acknowledged in time.</summary>
    Rumors,
}

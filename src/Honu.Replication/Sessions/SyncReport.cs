namespace Honu.Replication;

/// <summary>How a session ended.</summary>
public enum SyncOutcome
{
    /// <summary>Both sides sent everything that the other lacked.</summary>
    Completed,

    /// <summary>The stores were equal: nothing was sent.</summary>
    Equal,

    /// <summary>The peer was not reached, or the link broke. Worth another try.</summary>
    Unreachable,

    /// <summary>One side ended the session for a passing reason. Worth another try.</summary>
    Interrupted,

    /// <summary>One side refused for good: another cluster, a taken pid, another clock, an unknown protocol, malformed data.</summary>
    Refused,

    /// <summary>Both replicas had opened a session with each other; the other of the two goes on.</summary>
    Superseded,
}

/// <summary>What one session did, seen from one of its sides.</summary>
public sealed record SyncReport
{
    /// <summary>Who opened the session; <see langword="default"/> when it ended before the two knew each other.</summary>
    public ReplicaId Initiator { get; init; }

    /// <summary>Who answered; <see langword="default"/> when it ended before the two knew each other.</summary>
    public ReplicaId Responder { get; init; }

    /// <summary>Times that a side had to wait for the other: 1 for equal stores, 1 or 2 otherwise, up to 4 where contents are compared by digests.</summary>
    public int RoundTrips { get; init; }

    /// <summary>Bytes of messages sent, with their 5-byte frames, without HTTP/2 and TLS.</summary>
    public long BytesSent { get; init; }

    /// <summary>Bytes of messages received, with their 5-byte frames.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Records sent.</summary>
    public long ObjectsSent { get; init; }

    /// <summary>Records received.</summary>
    public long ObjectsReceived { get; init; }

    /// <summary>What applying the received records did.</summary>
    public UpdateCounts Updates { get; init; }

    /// <summary>From Hello to the last Complete.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>From the initiator's Hello to the peer's answer; <see langword="null"/> at the responder, and when no answer came.</summary>
    /// <remarks>A round trip of the link, with what each side does to answer: describe its namespaces and make durable what is not yet.</remarks>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>How it ended.</summary>
    public SyncOutcome Outcome { get; init; }

    /// <summary>Why it did not complete, as one of a few kinds.</summary>
    public SessionEndReason Reason { get; init; }

    /// <summary>Why it did not complete, in words; <see langword="null"/> when it did.</summary>
    public string? Error { get; init; }

    /// <summary>Received records that wait for this machine's clock.</summary>
    public long ObjectsDeferred { get; init; }

    /// <summary>Records that a comparison by digests found missing or outdated at one of the two sides, and that were sent again.</summary>
    public long ObjectsRepaired { get; init; }

    /// <summary>Namespaces whose contents differed although their vectors did not.</summary>
    public long DigestMismatches { get; init; }

    /// <summary>Namespaces whose contents were compared by digests, to the end.</summary>
    public long NamespacesCompared { get; init; }

    /// <summary>Namespaces whose contents were asked to be compared and could not be: they changed meanwhile, or something had to be exchanged first.</summary>
    public long ComparisonsSkipped { get; init; }

    /// <summary>Whether both sides have what either had at the beginning.</summary>
    public bool IsSuccess => Outcome is SyncOutcome.Completed or SyncOutcome.Equal;

    /// <summary>Whether anything was sent or received.</summary>
    public bool FoundSomething => ObjectsSent + ObjectsReceived > 0;
}

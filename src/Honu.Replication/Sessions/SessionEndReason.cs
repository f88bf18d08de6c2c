namespace Honu.Replication;

/// <summary>Why a session did not complete.</summary>
public enum SessionEndReason
{
    /// <summary>It did complete.</summary>
    None,

    /// <summary>The peer was not reached, or the link broke.</summary>
    Link,

    /// <summary>Nothing moved for longer than <see cref="ReplicaOptions.ProgressTimeout"/>.</summary>
    Timeout,

    /// <summary>One side was busy or had a passing fault.</summary>
    Retry,

    /// <summary>No common protocol, or limits that do not fit.</summary>
    Protocol,

    /// <summary>The two belong to different clusters.</summary>
    Cluster,

    /// <summary>The peer is not who it should be, or its pid belongs to another store.</summary>
    Identity,

    /// <summary>The two count versions with different clocks.</summary>
    Clock,

    /// <summary>What was sent made no sense.</summary>
    Malformed,

    /// <summary>A scalar lies too far ahead of the receiver's clock.</summary>
    Drift,

    /// <summary>The two opened a session at the same time; the other one goes on.</summary>
    Duplicate,

    /// <summary>A certificate or a grant is missing.</summary>
    Forbidden,

    /// <summary>An operator has to allow what would be deleted.</summary>
    Operator,
}

namespace Honu.Replication;

/// <summary>What a session brought and what it cost: all that a reward is computed from.</summary>
public readonly record struct SessionWorth
{
    /// <summary>Whether it completed.</summary>
    public bool Succeeded { get; init; }

    /// <summary>Records that changed something here.</summary>
    public long Pulled { get; init; }

    /// <summary>How long it took until what the peer had was here.</summary>
    public TimeSpan PullLatency { get; init; }

    /// <summary>Records that were sent because the peer lacked them.</summary>
    public long Pushed { get; init; }

    /// <summary>How long sending them took.</summary>
    public TimeSpan PushLatency { get; init; }

    /// <summary>Bytes sent.</summary>
    public long BytesSent { get; init; }

    /// <summary>Bytes received.</summary>
    public long BytesReceived { get; init; }

    /// <summary>How long the whole session took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The region of this replica; empty when unknown.</summary>
    public string? FromRegion { get; init; }

    /// <summary>The peer's region; empty when unknown.</summary>
    public string? ToRegion { get; init; }

    /// <summary>Whether anything was exchanged.</summary>
    public bool FoundSomething => Pulled + Pushed > 0;

    /// <summary>The worth of a session of this replica.</summary>
    /// <param name="report">How it went.</param>
    /// <param name="fromRegion">The region of this replica.</param>
    /// <param name="toRegion">The peer's region.</param>
    public static SessionWorth From(SyncReport report, string? fromRegion, string? toRegion)
    {
        ArgumentNullException.ThrowIfNull(report);
        var round = report.RoundTrip ?? report.Duration;
        var rest = report.Duration - round;
        return new SessionWorth
        {
            Succeeded = report.IsSuccess,
            Pulled = report.ObjectsReceived - report.Updates[UpdateKind.Duplicate] - report.Updates[UpdateKind.Stale],
            PullLatency = round,
            Pushed = report.ObjectsSent,

            // What goes with the first message takes a round trip as well until the peer has said that it is there.
            PushLatency = rest > round ? rest : round,
            BytesSent = report.BytesSent,
            BytesReceived = report.BytesReceived,
            Duration = report.Duration,
            FromRegion = fromRegion,
            ToRegion = toRegion,
        };
    }
}

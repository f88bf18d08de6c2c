namespace Honu.Replication;

/// <summary>A peer as rumors see it: where it stands, how far it is, and whether it takes any.</summary>
internal sealed class RumorPeer(uint pid)
{
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(30);

    private TimeSpan _rest = FirstRest;

    public uint Pid { get; } = pid;

    /// <summary>Where it is reached, with its pid.</summary>
    public required PeerAddress Address { get; set; }

    /// <summary>The name of its region, as it or others tell; empty when nobody says.</summary>
    public string ToldRegion { get; set; } = "";

    /// <summary>Which region it counts for here.</summary>
    public string Region { get; set; } = "";

    public RoundTripEstimate RoundTrip { get; } = new();

    /// <summary>Whether it has answered a push: the first one may have to wait for a connection, and says nothing of the peer.</summary>
    public bool HasAnswered { get; set; }

    /// <summary>Whether there is a connection to it, most likely: of a session that was opened here, or of a push.</summary>
    public bool IsConnected => HasAnswered || RoundTrip.Smoothed is not null;

    /// <summary>When a push went to it that had to make the connection.</summary>
    public TimeSpan? FirstContact { get; set; }

    /// <summary>Whether the first push was not answered in time: the next one that is not counts.</summary>
    public bool HasUsedGrace { get; set; }

    /// <summary>Whether it was measured to be near. Stays so until it is clearly not.</summary>
    public bool IsNear { get; set; }

    /// <summary>It does not speak rumors, as far as is known until then.</summary>
    public TimeSpan UnsupportedUntil { get; private set; }

    /// <summary>It is left alone until then.</summary>
    public TimeSpan RestsUntil { get; private set; }

    /// <summary>Namespaces that it has declined since its last session.</summary>
    public HashSet<string> Declined { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether rumors may be sent to it now.</summary>
    public bool IsUsable(TimeSpan now) => UnsupportedUntil <= now && RestsUntil <= now;

    /// <summary>Leaves it alone for a while, longer each time in a row.</summary>
    public void Rest(TimeSpan now)
    {
        RestsUntil = now + _rest;
        _rest = _rest * 2 < LongestRest ? _rest * 2 : LongestRest;
    }

    /// <summary>Leaves rumors to sessions for a while: another version may answer there later.</summary>
    public void NoteUnsupported(TimeSpan now) => UnsupportedUntil = now + TimeSpan.FromMinutes(10);

    /// <summary>It has answered, or a session with it has ended well.</summary>
    public void Recover()
    {
        _rest = FirstRest;
        RestsUntil = TimeSpan.Zero;
    }
}

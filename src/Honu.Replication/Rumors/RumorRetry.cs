namespace Honu.Replication;

/// <summary>How long an answer is waited for before rumors are sent again.</summary>
internal static class RumorRetry
{
    /// <summary>Tries of a neighbour before another one takes its place.</summary>
    public const int LocalTries = 6;

    /// <summary>Tries of a neighbour that has nothing to hand on, so that nobody can take its place.</summary>
    public const int KeeperTries = 30;

    /// <summary>Failures in a row after which a region is tried by way of another one.</summary>
    public const int FailuresBeforeDetour = 3;

    /// <summary>How often at most what comes from a region makes rumors for it go before their time.</summary>
    public static readonly TimeSpan RevivalPause = TimeSpan.FromSeconds(10);

    /// <summary>What a round trip is taken for before it was measured.</summary>
    public static readonly TimeSpan UnknownRoundTrip = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan LocalLeast = TimeSpan.FromMilliseconds(12);
    private static readonly TimeSpan LocalMost = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CrossRegionLeast = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan CrossRegionMost = TimeSpan.FromSeconds(1);

    /// <summary>A neighbour's answer: 12 ms, or what its round trip asks for, doubling with each failure.</summary>
    public static TimeSpan Local(TimeSpan? roundTrip, int failures) => Shorter(LocalMost, Longer(LocalLeast, roundTrip ?? TimeSpan.Zero)) * Math.Pow(2, Math.Min(failures, LocalTries - 1));

    /// <summary>Another region's answer: <c>max(30 ms, 1.21 · round trip + 5 ms)</c>, half as long again with each failure, up to a second.</summary>
    public static TimeSpan CrossRegion(TimeSpan? roundTrip, int failures)
    {
        var first = Longer(CrossRegionLeast, roundTrip ?? UnknownRoundTrip);
        var next = first * Math.Pow(1.5, Math.Min(failures, 32));

        // The far side of the world must not be asked again before it can have answered.
        var most = first > CrossRegionMost ? first : CrossRegionMost;
        return Shorter(next, most);
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Longer(TimeSpan least, TimeSpan roundTrip)
    {
        var patient = (roundTrip * 1.21) + TimeSpan.FromMilliseconds(5);
        return patient > least ? patient : least;
    }
}

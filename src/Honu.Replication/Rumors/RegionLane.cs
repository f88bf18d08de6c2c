namespace Honu.Replication;

/// <summary>The way to another region, by one of its replicas or, when none answers, by way of a third region.</summary>
internal sealed class RegionLane(Region region, RumorOptions options) : RumorLane(options.MaxBytes)
{
    private TimeSpan _nextRevival;

    public Region Region { get; } = region;

    /// <summary>Replicas of the region that have not answered since the first failure: the others come first.</summary>
    public HashSet<uint> Tried { get; } = [];

    /// <summary>By way of which region it is reached now; <see langword="null"/> for the direct way.</summary>
    public Region? Detour { get; set; }

    /// <summary>When the direct way is tried again.</summary>
    public TimeSpan NextProbe { get; set; }

    /// <summary>Whether something here was taken over from a replica that does not reach the region itself: that is not handed on to a third one.</summary>
    public bool HasCustody { get; set; }

    /// <summary>There is hope after several failures: what waits for its next try goes as soon as after the first one, and directly.</summary>
    /// <remarks>Not twice within a while: a way that is cut in one direction only must not keep from detours.</remarks>
    public void Revive(TimeSpan now)
    {
        if (Failures < RumorRetry.FailuresBeforeDetour || now < _nextRevival)
            return;
        _nextRevival = now + RumorRetry.RevivalPause;
        Failures = 1;
        Detour = null;
    }

    /// <summary>Nothing is on its way any more: the next failure is the first one.</summary>
    public void Settle()
    {
        Tried.Clear();
        HasCustody = false;
    }

    protected override TimeSpan Patience => RumorRetry.CrossRegion(Detour?.RoundTrip ?? Region.RoundTrip, Failures);
}

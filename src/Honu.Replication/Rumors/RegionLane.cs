namespace Honu.Replication;

/// <summary>The way to another region, by one of its replicas or, when none answers, by way of a third region.</summary>
internal sealed class RegionLane(Region region, RumorOptions options) : RumorLane(options.MaxBytes)
{
    public Region Region { get; } = region;

    /// <summary>Replicas of the region that have not answered since the first failure: the others come first.</summary>
    public HashSet<uint> Tried { get; } = [];

    /// <summary>By way of which region it is reached now; <see langword="null"/> for the direct way.</summary>
    public Region? Detour { get; set; }

    /// <summary>When the direct way is tried again.</summary>
    public TimeSpan NextProbe { get; set; }

    /// <summary>Whether something here was taken over from a replica that does not reach the region itself: that is not handed on to a third one.</summary>
    public bool HasCustody { get; set; }

    /// <summary>Nothing is on its way any more: the next failure is the first one.</summary>
    public void Settle()
    {
        Tried.Clear();
        HasCustody = false;
    }

    protected override TimeSpan Patience => RumorRetry.CrossRegion(Detour?.RoundTrip ?? Region.RoundTrip, Failures);
}

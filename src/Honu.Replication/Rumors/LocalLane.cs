namespace Honu.Replication;

/// <summary>What one neighbour is to do with what it gets.</summary>
internal enum LocalRole
{
    /// <summary>Keep it.</summary>
    Keep,

    /// <summary>Hand it on to a part of the region.</summary>
    HandOn,

    /// <summary>Gather it for the region: hand it on to everybody, here and in other regions.</summary>
    Carry,
}

/// <summary>The way to one neighbour.</summary>
internal sealed class LocalLane(RumorPeer peer, LocalRole role, RumorOptions options) : RumorLane(options.MaxBytes)
{
    public RumorPeer Peer { get; } = peer;

    public LocalRole Role { get; } = role;

    /// <summary>To whom the neighbour hands on.</summary>
    public IReadOnlyList<uint> HandsOnTo { get; set; } = [];

    /// <summary>At once after a quiet time, in larger batches under load.</summary>
    public TokenBucket Bucket { get; } = new(options.LocalRate, options.LocalBurst);

    protected override TimeSpan Patience => RumorRetry.Local(Peer.RoundTrip.Smoothed, Failures);
}

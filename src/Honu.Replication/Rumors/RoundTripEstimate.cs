namespace Honu.Replication;

/// <summary>How long a message and its answer take to a peer, from measurements only.</summary>
/// <remarks>
/// Each push has an id of its own and its answer names it, so a sample is exact even when the push was sent again meanwhile: what Karn's rule
/// leaves out for want of knowing which of two sends was answered need not be left out here, and an answer that comes after its time-out teaches as well.
/// </remarks>
internal sealed class RoundTripEstimate
{
    private const double Weight = 1.0 / 8;
    private const double Forgetting = 1.0 / 64;

    /// <summary>The smoothed time; <see langword="null"/> before the first sample.</summary>
    public TimeSpan? Smoothed { get; private set; }

    /// <summary>The least time, slowly forgotten: what the link takes when neither side is busy.</summary>
    public TimeSpan? Least { get; private set; }

    public void Add(TimeSpan sample)
    {
        Smoothed = Smoothed is { } smoothed ? smoothed + ((sample - smoothed) * Weight) : sample;
        Least = Least is { } least && sample > least ? least + ((sample - least) * Forgetting) : sample;
    }
}

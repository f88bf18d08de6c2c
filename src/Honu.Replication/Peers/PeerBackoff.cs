namespace Honu.Replication;

/// <summary>How long a peer is left alone after failures in a row: doubling, with jitter, so that a returning peer is not met by all at once.</summary>
internal sealed class PeerBackoff(TimeSpan initial, TimeSpan cap)
{
    private int _failures;

    public TimeSpan Until { get; private set; }

    public int Failures => _failures;

    public void Failed(TimeSpan now, Random random)
    {
        var delay = initial * Math.Pow(2, Math.Min(_failures, 20));
        if (delay > cap)
            delay = cap;
        _failures++;
        Until = now + (delay * (0.75 + (0.5 * random.NextDouble())));
    }

    /// <summary>Leaves the peer alone without a failure.</summary>
    public void Rest(TimeSpan until) => Until = until;

    public void Succeeded()
    {
        _failures = 0;
        Until = TimeSpan.Zero;
    }
}

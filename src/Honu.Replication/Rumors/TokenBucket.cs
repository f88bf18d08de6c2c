namespace Honu.Replication;

/// <summary>Allows a number of sends a second, and some at once after a quiet time.</summary>
internal sealed class TokenBucket
{
    private readonly double _perSecond;
    private readonly double _burst;
    private double _tokens;
    private TimeSpan _filled;

    /// <param name="perSecond">Sends a second, over time.</param>
    /// <param name="burst">Sends at once; what the bucket begins with.</param>
    public TokenBucket(double perSecond, double burst)
    {
        _perSecond = perSecond;
        _burst = _tokens = burst;
    }

    /// <summary>Takes tokens if there are enough.</summary>
    public bool TryTake(double tokens, TimeSpan now)
    {
        if (When(tokens, now) > now)
            return false;
        _tokens -= tokens;
        return true;
    }

    /// <summary>Takes tokens as far as there are any: for what must not wait, but counts.</summary>
    public void TakeUpTo(double tokens, TimeSpan now)
    {
        Fill(now);
        _tokens = Math.Max(0, _tokens - tokens);
    }

    /// <summary>When that many tokens will be there; more than the bucket holds are there when it is full.</summary>
    public TimeSpan When(double tokens, TimeSpan now)
    {
        Fill(now);
        var missing = Math.Min(tokens, _burst) - _tokens;

        // Rounded up: at that time they must be there.
        return missing <= 0 ? now : now + TimeSpan.FromTicks((long)Math.Ceiling(missing / _perSecond * TimeSpan.TicksPerSecond));
    }

    private void Fill(TimeSpan now)
    {
        if (now <= _filled)
            return;
        _tokens = Math.Min(_burst, _tokens + ((now - _filled).TotalSeconds * _perSecond));
        _filled = now;
    }
}

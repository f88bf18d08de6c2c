namespace Honu;

/// <summary>48 bits of Unix milliseconds, 16 bits of counter (Kulkarni et al., "Logical Physical Clocks", 2014).</summary>
internal sealed class HybridLogicalClock(TimeProvider time, TimeSpan maxDrift) : IVersionClock
{
    public const int CounterBits = 16;
    private static readonly TimeSpan MalformedAhead = TimeSpan.FromDays(1);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);

    private long _tick = long.MinValue;
    private ulong _now;

    public ulong Last { get; private set; }

    public ulong LeaseAhead => FromTime(Lease);

    public ulong Next(ulong floor)
    {
        var lowest = checked(Math.Max(Last, floor) + 1);
        var scalar = Math.Max(Now(), lowest);
        if (scalar > StoreLimits.MaxScalar)
            throw new HonuException(HonuErrorCode.ClockDrift, "The version clock is used up: a replica with a broken clock has pushed it to its end.");
        return Last = scalar;
    }

    public void Observe(ulong scalar) => Last = Math.Max(Last, scalar);

    public ScalarCheck Check(ulong scalar)
    {
        if (scalar is 0 or > StoreLimits.MaxScalar)
            return ScalarCheck.Malformed;

        // What the clock has reached already was accepted before and is no reason to stop.
        if (scalar <= Last)
            return ScalarCheck.Ok;
        var now = Now();
        return scalar <= now + FromTime(maxDrift) ? ScalarCheck.Ok
            : scalar <= now + FromTime(MalformedAhead) ? ScalarCheck.Ahead
            : ScalarCheck.Malformed;
    }

    // The system's time of day costs three times the tick count. The counter tells apart what falls into one tick.
    private ulong Now()
    {
        if (!ReferenceEquals(time, TimeProvider.System))
            return Read();
        var tick = Environment.TickCount64;
        if (tick != _tick)
        {
            _tick = tick;
            _now = Read();
        }

        return _now;
    }

    private ulong Read() => (ulong)time.GetUtcNow().ToUnixTimeMilliseconds() << CounterBits;

    private static ulong FromTime(TimeSpan span) => (ulong)span.TotalMilliseconds << CounterBits;
}

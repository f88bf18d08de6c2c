namespace Honu;

/// <summary>48 bits of Unix milliseconds, 16 bits of counter (Kulkarni et al., "Logical Physical Clocks", 2014).</summary>
internal sealed class HybridLogicalClock(TimeProvider time, TimeSpan maxDrift) : IVersionClock
{
    public const int CounterBits = 16;
    private static readonly TimeSpan MalformedAhead = TimeSpan.FromDays(1);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);

    private long _tick = long.MinValue;
    private ulong _tickScalar;
    private ulong _last;

    public ulong Last
    {
        get => Volatile.Read(ref _last);
        private set => Volatile.Write(ref _last, value);
    }

    public ulong Now => Math.Max(WallClock(), Last);

    public ulong LeaseAhead => FromTime(Lease);

    public ulong Next(ulong floor)
    {
        var lowest = checked(Math.Max(Last, floor) + 1);
        var scalar = Math.Max(CoarseClock(), lowest);
        if (scalar > StoreLimits.MaxScalar)
            throw UsedUp();
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
        var now = WallClock();
        return scalar <= now + FromTime(maxDrift) ? ScalarCheck.Ok
            : scalar <= now + FromTime(MalformedAhead) ? ScalarCheck.Ahead
            : ScalarCheck.Malformed;
    }

    // The system's time of day costs three times the tick count. The counter tells apart what falls into one tick.
    private ulong CoarseClock()
    {
        if (!ReferenceEquals(time, TimeProvider.System))
            return WallClock();
        var tick = Environment.TickCount64;
        if (tick != _tick)
        {
            _tick = tick;
            _tickScalar = WallClock();
        }

        return _tickScalar;
    }

    private static HonuException UsedUp() =>
        new(HonuErrorCode.ClockDrift, "The version clock is used up: a replica with a broken clock has pushed it to its end.");

    private ulong WallClock() => (ulong)time.GetUtcNow().ToUnixTimeMilliseconds() << CounterBits;

    /// <summary>When a version with a lifetime expires: counted from its millisecond, so that versions of one moment expire together.</summary>
    /// <exception cref="HonuException">The clock is too near to its end.</exception>
    public static ulong ExpiryOf(ulong scalar, ulong lifetime)
    {
        var expiry = (scalar >> CounterBits << CounterBits) + lifetime;
        return expiry <= StoreLimits.MaxScalar ? expiry : throw UsedUp();
    }

    /// <summary>When a scalar was made.</summary>
    public static DateTimeOffset ToTime(ulong scalar) => DateTimeOffset.FromUnixTimeMilliseconds((long)(scalar >> CounterBits));

    /// <summary>A span of time as a difference of scalars.</summary>
    public static ulong FromTime(TimeSpan span) => (ulong)span.TotalMilliseconds << CounterBits;
}

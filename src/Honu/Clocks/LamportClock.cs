namespace Honu;

/// <summary>A plain counter: every write and everything seen moves it on.</summary>
internal sealed class LamportClock : IVersionClock
{
    // A trillion writes that this replica has not heard of: nobody is that far ahead, and who says so would use the counter up for everybody.
    private const ulong MaxLeap = 1UL << 40;

    public ulong Last { get; private set; }

    /// <summary>Nothing expires: records with an expiry are refused where versions do not tell their time.</summary>
    public ulong Now => 0;

    public ulong LeaseAhead => 4096;

    public ulong Next(ulong floor)
    {
        var scalar = checked(Math.Max(Last, floor) + 1);
        if (scalar > StoreLimits.MaxScalar)
            throw new HonuException(HonuErrorCode.ClockDrift, "The version clock is used up: a replica has pushed the counter to its end.");
        return Last = scalar;
    }

    public void Observe(ulong scalar) => Last = Math.Max(Last, scalar);

    public ScalarCheck Check(ulong scalar) => scalar is 0 or > StoreLimits.MaxScalar || (scalar > Last && scalar - Last > MaxLeap) ? ScalarCheck.Malformed : ScalarCheck.Ok;
}

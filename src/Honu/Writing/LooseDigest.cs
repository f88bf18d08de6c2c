namespace Honu.Writing;

/// <summary>Sums up the loose records of a namespace: current, but not covered by its vector. Equal sets have equal digests.</summary>
/// <remarks>
/// Additive, so that a record joins and leaves without the set being kept: half a received bootstrap makes millions of records loose.
/// The mixing is MurmurHash3's finalizer over both halves of the version with two constants each.
/// </remarks>
internal struct LooseDigest
{
    public ulong First { get; private set; }

    public ulong Second { get; private set; }

    public long Count { get; private set; }

    public void Add(VersionId version)
    {
        First += Mix(version.Scalar ^ Mix(version.Replica.ToUInt64() + 0x9E3779B97F4A7C15));
        Second += Mix(version.Scalar + 0xD1B54A32D192ED03 + Mix(~version.Replica.ToUInt64()));
        Count++;
    }

    public void Remove(VersionId version)
    {
        First -= Mix(version.Scalar ^ Mix(version.Replica.ToUInt64() + 0x9E3779B97F4A7C15));
        Second -= Mix(version.Scalar + 0xD1B54A32D192ED03 + Mix(~version.Replica.ToUInt64()));
        Count--;
    }

    /// <summary>Spreads every bit over all of them.</summary>
    public static ulong Mix(ulong value)
    {
        value ^= value >> 33;
        value *= 0xFF51AFD7ED558CCD;
        value ^= value >> 33;
        value *= 0xC4CEB9FE1A85EC53;
        return value ^ (value >> 33);
    }
}

using Honu.Writing;

namespace Honu.Digests;

/// <summary>Sums up live records: 128 bits of each record's version and checksum, added without carry out. Equal sets have equal sums, in whatever order they came about.</summary>
/// <param name="Sum">The sum.</param>
/// <param name="Count">How many records.</param>
internal readonly record struct DigestSum(UInt128 Sum, long Count)
{
    /// <summary>What one record adds. The lower 64 bits stand for it where records are compared one by one.</summary>
    /// <remarks>The checksum covers key and value; the version tells apart what a CRC does not. Part of the protocol: every replica must compute the same.</remarks>
    public static UInt128 ElementOf(VersionId version, uint checksum)
    {
        var who = version.Replica.ToUInt64();
        var low = LooseDigest.Mix(version.Scalar ^ LooseDigest.Mix(who + (checksum * 0x9E3779B97F4A7C15)));
        var high = LooseDigest.Mix(version.Scalar + 0xD1B54A32D192ED03 + LooseDigest.Mix(~who ^ (checksum * 0xA0761D6478BD642F)));
        return new UInt128(high, low);
    }

    /// <summary>The sum with a record more, if it counts.</summary>
    public DigestSum With(in CurrentRecord record) => record.IsCounted ? new(unchecked(Sum + ElementOf(record.Version, record.Checksum)), Count + 1) : this;

    /// <summary>The sum with a record less, if it counts.</summary>
    public DigestSum Without(in CurrentRecord record) => record.IsCounted ? new(unchecked(Sum - ElementOf(record.Version, record.Checksum)), Count - 1) : this;

    /// <summary>Both together.</summary>
    public DigestSum Plus(in DigestSum other) => new(unchecked(Sum + other.Sum), Count + other.Count);

    /// <summary>This one less another, which need not be a part of it.</summary>
    public DigestSum Minus(in DigestSum other) => new(unchecked(Sum - other.Sum), Count - other.Count);
}

using Honu.Format;

namespace Honu.Digests;

/// <summary>What the books of a namespace must know of a current record that comes or goes. The default stands for no record.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Checksum">Its checksum.</param>
/// <param name="IsCounted">Whether it counts in the digest: it is live and does not expire.</param>
/// <param name="IsTombstone">Whether it is a deletion.</param>
internal readonly record struct CurrentRecord(VersionId Version, uint Checksum, bool IsCounted, bool IsTombstone)
{
    /// <summary>What a record says of itself.</summary>
    /// <remarks>A record that expires does not count: not every replica drops it at the same moment.</remarks>
    public static CurrentRecord Of(scoped in RecordReader record) => new(record.Version, record.Checksum, !record.IsTombstone && record.Expiry == 0, record.IsTombstone);
}

namespace Honu.Format;

/// <summary>
/// The bytes of a record, little-endian:
/// <code>
/// flags u8 | scalar u64 | replica u64 | crc32c u32 | portable parts | local part | value
/// portable parts, each present by its flag, in this order:
///   parent    u64 scalar (same replica) or u64 scalar, u64 replica
///   context   count u8, (replica u64, scalar u64) × count; absent when the parent says it all
///   creator   u64 replica; absent when the record's own replica created the object
///   expiry    u64 scalar from which on the record counts as deleted
///   dropped   u32 state of the checksum after the value; when a record with an expiry has the tombstone's flag: its value was dropped
/// local part, present by its flag:
///   local flags u8 | history sequence u64 | seen losers (as a context) | crc32c u32 of the local part
/// </code>
/// The record's checksum covers value, key, portable flags, versions and portable parts, so it stays true on every replica. A record whose
/// value was dropped after its expiry is the same version with the same checksum: that is computed without the tombstone's flag, and
/// goes on from the state that is kept in place of the value. A real deletion never has an expiry. What is local is stripped before a record travels and carries a checksum of its own.
/// </summary>
internal static class RecordLayout
{
    public const int HeaderBytes = 21;
    public const int ChecksumOffset = 17;

    public const byte Tombstone = 0x01;
    public const byte ParentOfSameReplica = 0x02;
    public const byte ParentOfOtherReplica = 0x04;
    public const byte HasContext = 0x08;
    public const byte HasCreator = 0x10;
    public const byte HasExpiry = 0x20;
    public const byte PortableFlags = 0x3F;

    // 0x80 is reserved for the next format: a reader of this build refuses it.
    public const byte HasLocalPart = 0x40;
    public const byte KnownFlags = PortableFlags | HasLocalPart;

    public const byte LocalSequence = 0x01;
    public const byte LocalLosers = 0x02;
    public const byte LocalLostConflict = 0x04;

    // 0x08 is reserved for a value that is stored elsewhere (a value log).
    public const byte KnownLocalFlags = LocalSequence | LocalLosers | LocalLostConflict;

    public const int ExpiryBytes = 8;
    public const int DroppedBytes = 4;
    public const int MaxContextBytes = 1 + (CausalContext.MaxOrigins * 16);
    public const int MaxPortablePartsBytes = 16 + MaxContextBytes + 8 + ExpiryBytes + DroppedBytes;
    public const int MaxLocalPartBytes = 1 + 8 + MaxContextBytes + 4;

    /// <summary>Longest record without its value.</summary>
    public const int MaxOverheadBytes = HeaderBytes + MaxPortablePartsBytes + MaxLocalPartBytes;
}

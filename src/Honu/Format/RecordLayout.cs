namespace Honu.Format;

/// <summary>
/// The bytes of a record, little-endian:
/// <code>
/// flags u8 | scalar u64 | replica u64 | crc32c u32 | portable parts | local part | value
/// portable parts, each present by its flag, in this order:
///   parent    u64 scalar (same replica) or u64 scalar, u64 replica
///   context   count u8, (replica u64, scalar u64) × count; absent when the parent says it all
///   creator   u64 replica; absent when the record's own replica created the object
/// local part, present by its flag:
///   local flags u8 | history sequence u64 | seen losers (as a context) | crc32c u32 of the local part
/// </code>
/// The record's checksum covers value, key, portable flags, versions and portable parts, so it stays true on every replica; what is
/// local is stripped before a record travels and carries a checksum of its own.
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
    public const byte PortableFlags = 0x1F;

    // 0x20 is reserved for a portable expiry, 0x80 for the next format: a reader of this build refuses both.
    public const byte HasLocalPart = 0x40;
    public const byte KnownFlags = PortableFlags | HasLocalPart;

    public const byte LocalSequence = 0x01;
    public const byte LocalLosers = 0x02;
    public const byte LocalLostConflict = 0x04;

    // 0x08 is reserved for a value that is stored elsewhere (a value log).
    public const byte KnownLocalFlags = LocalSequence | LocalLosers | LocalLostConflict;

    public const int MaxContextBytes = 1 + (CausalContext.MaxOrigins * 16);
    public const int MaxPortablePartsBytes = 16 + MaxContextBytes + 8;
    public const int MaxLocalPartBytes = 1 + 8 + MaxContextBytes + 4;

    /// <summary>Longest record without its value.</summary>
    public const int MaxOverheadBytes = HeaderBytes + MaxPortablePartsBytes + MaxLocalPartBytes;
}

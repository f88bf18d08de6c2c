using System.Buffers.Binary;

namespace Honu.Format;

/// <summary>Builds and reads the engine's keys. Big-endian, so that byte order is logical order.</summary>
/// <remarks>
/// <code>
/// current  C ns(u16) key                         record of the latest version
/// index    L ns(u16) replica(u64) scalar(u64)    key, checksum
/// history  H ns(u16) length(u16) key slot(u64)   record of an older or losing version
/// vector   V ns(u16)                             version vector, checksum
/// barrier  B ns(u16)                             version vector as of the last durable barrier, checksum
/// cursor   P ns(u16) replica(u64)                where a broken incoming stream stopped, checksum
/// conflict X ns(u16) length(u16) key scalar(u64) replica(u64)
///                                                since when, record of a version that lost and is not covered, checksum
/// frontier F ns(u16)                             which deletions were purged, checksum (see FrontierRecord)
/// staging  R ns(u16) 0 sender(u64)               a full stream that is being received, checksum (see FullStream)
///          R ns(u16) 1 stream(u32) key           what it brought for a key, checksum (see StagedKey)
/// expiry   E scalar(u64) ns(u16) key             checksum (see ExpiryEntry)
/// digest   D ns(u16)                             digest of the live records as of a clean close, checksum (see DigestCheckpoint)
/// deferred Z ns(u16) kind(u8) …                  see DeferredRows
/// poison   Q ns(u16) key                         since when, record that the store cannot hold, checksum
/// meta     M name                                see MetaRecords
/// </code>
/// The length before a history key keeps keys of different length from interleaving: <c>a</c> + slot never sorts between two slots of <c>a\0</c>.
/// </remarks>
internal static class KeySpaces
{
    public const byte Current = (byte)'C';
    public const byte Index = (byte)'L';
    public const byte History = (byte)'H';
    public const byte Vector = (byte)'V';
    public const byte Barrier = (byte)'B';
    public const byte Cursor = (byte)'P';
    public const byte Conflict = (byte)'X';
    public const byte Expiry = (byte)'E';
    public const byte Digest = (byte)'D';
    public const byte Frontier = (byte)'F';
    public const byte Staging = (byte)'R';
    public const byte Deferred = (byte)'Z';
    public const byte Quarantine = (byte)'Q';
    public const byte Meta = (byte)'M';

    public const int NamespacePrefixBytes = 3;
    public const int IndexKeyBytes = 19;
    public const int CursorKeyBytes = 11;
    public const int StreamKeyBytes = 12;
    public const int StagedPrefixBytes = 8;
    public const int MaxKeyBytes = 5 + StoreLimits.MaxKeyBytes + 8;
    public const int MaxConflictKeyBytes = 5 + StoreLimits.MaxKeyBytes + 16;

    /// <summary>Writes <c>space ns</c>.</summary>
    public static Span<byte> Prefix(Span<byte> destination, byte space, ushort ns)
    {
        destination[0] = space;
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], ns);
        return destination[..NamespacePrefixBytes];
    }

    public static Span<byte> CurrentKey(Span<byte> destination, ushort ns, ReadOnlySpan<byte> key)
    {
        Prefix(destination, Current, ns);
        key.CopyTo(destination[NamespacePrefixBytes..]);
        return destination[..(NamespacePrefixBytes + key.Length)];
    }

    public static Span<byte> IndexKey(Span<byte> destination, ushort ns, ReplicaId replica, ulong scalar)
    {
        Prefix(destination, Index, ns);
        BinaryPrimitives.WriteUInt64BigEndian(destination[3..], replica.ToUInt64());
        BinaryPrimitives.WriteUInt64BigEndian(destination[11..], scalar);
        return destination[..IndexKeyBytes];
    }

    public static Span<byte> HistoryPrefix(Span<byte> destination, ushort ns, ReadOnlySpan<byte> key)
    {
        Prefix(destination, History, ns);
        BinaryPrimitives.WriteUInt16BigEndian(destination[3..], (ushort)key.Length);
        key.CopyTo(destination[5..]);
        return destination[..(5 + key.Length)];
    }

    public static Span<byte> HistoryKey(Span<byte> destination, ushort ns, ReadOnlySpan<byte> key, ulong slot)
    {
        var prefix = HistoryPrefix(destination, ns, key);
        BinaryPrimitives.WriteUInt64BigEndian(destination[prefix.Length..], slot);
        return destination[..(prefix.Length + 8)];
    }

    /// <summary>The key that a history key belongs to, and its slot.</summary>
    public static ReadOnlySpan<byte> ReadHistoryKey(ReadOnlySpan<byte> engineKey, out ulong slot)
    {
        slot = 0;
        if (engineKey.Length < 5 + 8 || BinaryPrimitives.ReadUInt16BigEndian(engineKey[3..]) != engineKey.Length - 5 - 8)
            throw MetaRecords.Damaged(engineKey);
        slot = BinaryPrimitives.ReadUInt64BigEndian(engineKey[^8..]);
        return engineKey[5..^8];
    }

    /// <summary>Whether a key is one of the history of <paramref name="key"/>.</summary>
    public static bool IsHistoryKeyOf(ReadOnlySpan<byte> engineKey, ushort ns, ReadOnlySpan<byte> key, out ulong slot)
    {
        slot = 0;
        return engineKey.Length == 5 + key.Length + 8 && engineKey[0] == History && ReadNamespace(engineKey) == ns
            && ReadHistoryKey(engineKey, out slot).SequenceEqual(key);
    }

    /// <summary>What the keys of all conflicts of <paramref name="key"/> begin with; nothing else begins so.</summary>
    public static Span<byte> ConflictPrefix(Span<byte> destination, ushort ns, ReadOnlySpan<byte> key)
    {
        Prefix(destination, Conflict, ns);
        BinaryPrimitives.WriteUInt16BigEndian(destination[3..], (ushort)key.Length);
        key.CopyTo(destination[5..]);
        return destination[..(5 + key.Length)];
    }

    public static Span<byte> ConflictKey(Span<byte> destination, ushort ns, ReadOnlySpan<byte> key, VersionId loser)
    {
        var prefix = ConflictPrefix(destination, ns, key);
        BinaryPrimitives.WriteUInt64BigEndian(destination[prefix.Length..], loser.Scalar);
        BinaryPrimitives.WriteUInt64BigEndian(destination[(prefix.Length + 8)..], loser.Replica.ToUInt64());
        return destination[..(prefix.Length + 16)];
    }

    /// <summary>The key that a conflict is about.</summary>
    public static ReadOnlySpan<byte> ReadConflictKey(ReadOnlySpan<byte> engineKey) =>
        engineKey.Length > 5 + 16 && BinaryPrimitives.ReadUInt16BigEndian(engineKey[3..]) == engineKey.Length - 5 - 16
            ? engineKey[5..^16]
            : throw MetaRecords.Damaged(engineKey);

    /// <summary>The engine key of the record that is in quarantine under a key.</summary>
    public static Span<byte> QuarantineKey(Span<byte> destination, ushort ns, ReadOnlySpan<byte> key)
    {
        Prefix(destination, Quarantine, ns);
        key.CopyTo(destination[NamespacePrefixBytes..]);
        return destination[..(NamespacePrefixBytes + key.Length)];
    }

    public static Span<byte> CursorKey(Span<byte> destination, ushort ns, ReplicaId sender)
    {
        Prefix(destination, Cursor, ns);
        BinaryPrimitives.WriteUInt64BigEndian(destination[3..], sender.ToUInt64());
        return destination[..CursorKeyBytes];
    }

    /// <summary>The replica in a cursor's key.</summary>
    public static ReplicaId ReadCursorSender(ReadOnlySpan<byte> engineKey) => engineKey.Length == CursorKeyBytes
        ? ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64BigEndian(engineKey[3..]))
        : throw MetaRecords.Damaged(engineKey);

    /// <summary>Key of the header of a full stream from <paramref name="sender"/>.</summary>
    public static Span<byte> StreamKey(Span<byte> destination, ushort ns, ReplicaId sender)
    {
        Prefix(destination, Staging, ns);
        destination[3] = 0;
        BinaryPrimitives.WriteUInt64BigEndian(destination[4..], sender.ToUInt64());
        return destination[..StreamKeyBytes];
    }

    /// <summary>What the keys of all rows begin with that a full stream has staged.</summary>
    public static Span<byte> StagedPrefix(Span<byte> destination, ushort ns, uint stream)
    {
        Prefix(destination, Staging, ns);
        destination[3] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], stream);
        return destination[..StagedPrefixBytes];
    }

    public static Span<byte> StagedKey(Span<byte> destination, ushort ns, uint stream, ReadOnlySpan<byte> key)
    {
        StagedPrefix(destination, ns, stream);
        key.CopyTo(destination[StagedPrefixBytes..]);
        return destination[..(StagedPrefixBytes + key.Length)];
    }

    /// <summary>Whether a key of the staging space is the header of a stream, and of which sender.</summary>
    public static bool IsStreamKey(ReadOnlySpan<byte> engineKey, out ReplicaId sender)
    {
        var isHeader = engineKey.Length == StreamKeyBytes && engineKey[3] == 0;
        sender = isHeader ? ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64BigEndian(engineKey[4..])) : default;
        return isHeader;
    }

    /// <summary>Whether a key of the staging space is a row, and of which stream.</summary>
    public static bool IsStagedKey(ReadOnlySpan<byte> engineKey, out uint stream)
    {
        var isRow = engineKey.Length > StagedPrefixBytes && engineKey.Length <= StagedPrefixBytes + StoreLimits.MaxKeyBytes && engineKey[3] == 1;
        stream = isRow ? BinaryPrimitives.ReadUInt32BigEndian(engineKey[4..]) : 0;
        return isRow;
    }

    /// <summary>The namespace of any key that has one.</summary>
    public static ushort ReadNamespace(ReadOnlySpan<byte> engineKey) => BinaryPrimitives.ReadUInt16BigEndian(engineKey[1..]);

    /// <summary>Reads an index key of namespace <paramref name="ns"/>; <see langword="false"/> for any other key.</summary>
    public static bool TryReadIndexKey(ReadOnlySpan<byte> engineKey, ushort ns, out VersionId version)
    {
        version = default;
        if (engineKey.Length != IndexKeyBytes || engineKey[0] != Index || BinaryPrimitives.ReadUInt16BigEndian(engineKey[1..]) != ns)
            return false;
        version = new VersionId(
            BinaryPrimitives.ReadUInt64BigEndian(engineKey[11..]),
            ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64BigEndian(engineKey[3..])));
        return !version.IsNone;
    }

    /// <summary>The smallest key that is greater than every key beginning with <paramref name="prefix"/>, in place; empty when there is none.</summary>
    public static Span<byte> PrefixEnd(Span<byte> prefix)
    {
        for (var i = prefix.Length - 1; i >= 0; i--)
        {
            if (prefix[i] != 0xFF)
            {
                prefix[i]++;
                return prefix[..(i + 1)];
            }
        }

        return default;
    }
}

using System.Buffers.Binary;
using Honu.Format;

namespace Honu.Deferring;

/// <summary>The rows of what waits for this machine's clock. Big-endian keys, payloads in the envelope of <see cref="MetaRecords"/>:</summary>
/// <remarks>
/// <code>
/// record  Z ns 1 due(u64) scalar(u64) replica(u64) key   the record in its portable form; due: the scalar that the clock must accept first
/// pending Z ns 2 sequence(u64)                           until u64 | sender u64 | length of base u32 | base | target
/// mark    Z ns 3 sender(u64)                             until u64: the stream of that sender has brought records that are due up to here
/// </code>
/// </remarks>
internal static class DeferredRows
{
    public const byte Record = 1;
    public const byte Pending = 2;
    public const byte Mark = 3;

    public const int KindPrefixBytes = KeySpaces.NamespacePrefixBytes + 1;
    public const int SmallKeyBytes = KindPrefixBytes + 8;
    public const int MaxKeyBytes = RecordKeyOffset + StoreLimits.MaxKeyBytes;

    private const int RecordKeyOffset = KindPrefixBytes + 24;

    /// <summary>What the keys of all rows of one kind begin with.</summary>
    public static Span<byte> Prefix(Span<byte> destination, ushort ns, byte kind)
    {
        KeySpaces.Prefix(destination, KeySpaces.Deferred, ns);
        destination[KeySpaces.NamespacePrefixBytes] = kind;
        return destination[..KindPrefixBytes];
    }

    public static Span<byte> RecordKey(Span<byte> destination, ushort ns, ulong due, VersionId version, ReadOnlySpan<byte> key)
    {
        Prefix(destination, ns, Record);
        BinaryPrimitives.WriteUInt64BigEndian(destination[KindPrefixBytes..], due);
        BinaryPrimitives.WriteUInt64BigEndian(destination[(KindPrefixBytes + 8)..], version.Scalar);
        BinaryPrimitives.WriteUInt64BigEndian(destination[(KindPrefixBytes + 16)..], version.Replica.ToUInt64());
        key.CopyTo(destination[RecordKeyOffset..]);
        return destination[..(RecordKeyOffset + key.Length)];
    }

    public static Span<byte> PendingKey(Span<byte> destination, ushort ns, ulong sequence) => SmallKey(destination, ns, Pending, sequence);

    public static Span<byte> MarkKey(Span<byte> destination, ushort ns, ReplicaId sender) => SmallKey(destination, ns, Mark, sender.ToUInt64());

    /// <summary>The number at the end of a pending row's or a mark's key.</summary>
    public static ulong ReadNumber(ReadOnlySpan<byte> engineKey) =>
        engineKey.Length == SmallKeyBytes ? BinaryPrimitives.ReadUInt64BigEndian(engineKey[KindPrefixBytes..]) : throw MetaRecords.Damaged(engineKey);

    /// <summary>When a record's row is due, and the object's key.</summary>
    public static ReadOnlySpan<byte> ReadRecordKey(ReadOnlySpan<byte> engineKey, out ulong due)
    {
        if (engineKey.Length <= RecordKeyOffset)
            throw MetaRecords.Damaged(engineKey);
        due = BinaryPrimitives.ReadUInt64BigEndian(engineKey[KindPrefixBytes..]);
        return engineKey[RecordKeyOffset..];
    }

    /// <summary>What is wrong with a row whose envelope is whole; <see langword="null"/> when nothing is.</summary>
    public static string? FindFault(ReadOnlySpan<byte> engineKey, ReadOnlySpan<byte> payload) =>
        engineKey.Length <= KindPrefixBytes ? "the key is cut off" : engineKey[KeySpaces.NamespacePrefixBytes] switch
        {
            Record => engineKey.Length > RecordKeyOffset ? Care.EntryCheck.FindRecordFault(engineKey[RecordKeyOffset..], payload) : "the key is cut off",
            Pending => engineKey.Length == SmallKeyBytes && PendingTarget.TryDecode(0, payload, out _) ? null : "the bytes of the pending vector make no sense",
            Mark => engineKey.Length == SmallKeyBytes && payload.Length == 8 ? null : "the bytes of the mark make no sense",
            _ => "the key makes no sense",
        };

    private static Span<byte> SmallKey(Span<byte> destination, ushort ns, byte kind, ulong number)
    {
        Prefix(destination, ns, kind);
        BinaryPrimitives.WriteUInt64BigEndian(destination[KindPrefixBytes..], number);
        return destination[..SmallKeyBytes];
    }
}

using System.Buffers.Binary;
using Honu.Engines;
using Honu.Format;

namespace Honu.History;

/// <summary>What a namespace keeps, as stored under <c>M t ns</c>: retention, whether it was set for this namespace, since when it holds, and whether older history follows it already.</summary>
/// <param name="Retention">What is kept.</param>
/// <param name="IsOwn">Whether it was set for this namespace; otherwise the store's option counts at each open.</param>
/// <param name="Since">Records up to this scalar may stand in slots of an earlier retention, or in none.</param>
/// <param name="IsSettled">Whether the history from before has been moved or removed.</param>
internal sealed record NamespaceRetention(Retention Retention, bool IsOwn, ulong Since, bool IsSettled)
{
    /// <summary>What counts for a namespace that a repair has found again without it: all of its history is looked at anew.</summary>
    public static NamespaceRetention Lost { get; } = new(Retention.Default, IsOwn: false, Since: ulong.MaxValue, IsSettled: false);

    private const int Bytes = Retention.EncodedBytes + 1 + 8;

    public static byte[] Key(ushort ns) => [KeySpaces.Meta, (byte)'t', (byte)(ns >> 8), (byte)ns];

    public void Stage(EngineBatch batch, ushort ns)
    {
        Span<byte> payload = stackalloc byte[Bytes];
        Retention.Encode(payload);
        payload[Retention.EncodedBytes] = (byte)((IsOwn ? 1 : 0) | (IsSettled ? 2 : 0));
        BinaryPrimitives.WriteUInt64LittleEndian(payload[(Retention.EncodedBytes + 1)..], Since);
        MetaRecords.Put(batch, Key(ns), payload);
    }

    /// <summary>The stored one, or <see langword="null"/> when there is none.</summary>
    public static NamespaceRetention? Read(IStorageEngine engine, ushort ns)
    {
        var key = Key(ns);
        if (MetaRecords.Get(engine, key) is not { } payload)
            return null;
        if (payload.Length != Bytes || !Retention.TryDecode(payload, out var retention))
            throw MetaRecords.Damaged(key);
        var flags = payload[Retention.EncodedBytes];
        return new NamespaceRetention(retention, (flags & 1) != 0, BinaryPrimitives.ReadUInt64LittleEndian(payload.AsSpan(Retention.EncodedBytes + 1)), (flags & 2) != 0);
    }
}

using System.Buffers.Binary;
using System.Text;
using Honu.Engines;

namespace Honu.Format;

/// <summary>The small records of the store itself, under <c>M name</c>: payload, then crc32c of engine key and payload.</summary>
/// <remarks>Vectors, barriers and cursors use the same envelope under their own keys.</remarks>
internal static class MetaRecords
{
    public const string Format = "format";
    public const string Identity = "identity";
    public const string Clock = "clock";
    public const string Run = "run";
    public const string Filter = "filter";

    private const int ChecksumBytes = 4;

    public static byte[] Key(string name) => [KeySpaces.Meta, .. Encoding.ASCII.GetBytes(name)];

    /// <summary>Key of a namespace's dictionary entry: <c>M n id(u16)</c>.</summary>
    public static byte[] NamespaceKey(ushort id) => [KeySpaces.Meta, (byte)'n', (byte)(id >> 8), (byte)id];

    /// <summary>Key of a replica's dictionary entry: <c>M r replica(u64)</c>.</summary>
    public static byte[] ReplicaKey(ReplicaId replica)
    {
        var key = new byte[10];
        key[0] = KeySpaces.Meta;
        key[1] = (byte)'r';
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(2), replica.ToUInt64());
        return key;
    }

    /// <summary>Key of a row of the replication layer: <c>M s/ name</c>. No other meta record begins with <c>s/</c>.</summary>
    public static byte[] StateKey(string name) => [KeySpaces.Meta, (byte)'s', (byte)'/', .. Encoding.ASCII.GetBytes(name)];

    /// <summary>Adds the record to <paramref name="batch"/> in its envelope.</summary>
    public static void Put(EngineBatch batch, ReadOnlySpan<byte> engineKey, ReadOnlySpan<byte> payload)
    {
        var value = new byte[payload.Length + ChecksumBytes];
        payload.CopyTo(value);
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(payload.Length), RecordChecksum.Of(engineKey, payload));
        batch.Put(engineKey, value);
    }

    public static void PutScalar(EngineBatch batch, string name, ulong scalar)
    {
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(payload, scalar);
        Put(batch, Key(name), payload);
    }

    /// <summary>The payload, or <see langword="null"/> when there is no such record.</summary>
    /// <exception cref="HonuCorruptionException">The record fails its checksum.</exception>
    public static byte[]? Get(IStorageEngine engine, ReadOnlySpan<byte> engineKey, EngineSnapshot? snapshot = null)
    {
        using var value = engine.Get(engineKey, snapshot);
        return value.Found ? Open(engineKey, value.Span).ToArray() : null;
    }

    public static ulong GetScalar(IStorageEngine engine, string name)
    {
        var payload = Get(engine, Key(name));
        return payload is null ? 0
            : payload.Length == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(payload)
            : throw Damaged(Key(name));
    }

    /// <summary>Checks an envelope and returns its payload.</summary>
    public static ReadOnlySpan<byte> Open(ReadOnlySpan<byte> engineKey, ReadOnlySpan<byte> value)
    {
        if (value.Length < ChecksumBytes)
            throw Damaged(engineKey);
        var payload = value[..^ChecksumBytes];
        return BinaryPrimitives.ReadUInt32LittleEndian(value[payload.Length..]) == RecordChecksum.Of(engineKey, payload) ? payload : throw Damaged(engineKey);
    }

    public static HonuCorruptionException Damaged(ReadOnlySpan<byte> engineKey) =>
        new(path: null, $"A record of the store failed its checksum (engine key {Convert.ToHexString(engineKey)}). Restore the directory from a backup, or begin an empty replica and let its peers fill it.");
}

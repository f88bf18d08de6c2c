using System.Buffers.Binary;
using Google.Protobuf;

namespace Honu.Replication;

/// <summary>Marks as <c>Complete.heartbeats</c> has them, little-endian, by ascending replica: <c>(pid u32, epoch u32, time u64)*</c>.</summary>
internal static class HeartbeatCodec
{
    private const int EntryBytes = 16;
    private const int MaxEntries = VersionVector.MaxOrigins;
    private const ulong MaxUnixMs = StoreLimits.MaxScalar >> 16;

    public static ByteString Encode(IReadOnlyCollection<Heartbeat> heartbeats)
    {
        var bytes = new byte[EntryBytes * Math.Min(heartbeats.Count, MaxEntries)];
        var at = bytes.AsSpan();
        foreach (var (replica, unixMs) in heartbeats.Take(MaxEntries))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(at, replica.Pid);
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], replica.Epoch);
            BinaryPrimitives.WriteUInt64LittleEndian(at[8..], (ulong)Math.Max(unixMs, 0));
            at = at[EntryBytes..];
        }

        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>Reads marks, checking length, order and times before anything is reserved.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Heartbeat[] heartbeats)
    {
        heartbeats = [];
        if (bytes.Length % EntryBytes != 0 || bytes.Length > EntryBytes * MaxEntries)
            return false;
        var read = new Heartbeat[bytes.Length / EntryBytes];
        for (var i = 0; i < read.Length; i++)
        {
            var entry = bytes.Slice(i * EntryBytes, EntryBytes);
            var replica = new ReplicaId(BinaryPrimitives.ReadUInt32LittleEndian(entry), BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]));
            var unixMs = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            if (unixMs > MaxUnixMs || (i > 0 && replica.CompareTo(read[i - 1].Replica) <= 0))
                return false;
            read[i] = new Heartbeat(replica, (long)unixMs);
        }

        heartbeats = read;
        return true;
    }
}

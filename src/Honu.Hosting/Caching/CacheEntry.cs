using System.Buffers.Binary;

namespace Honu.Hosting;

/// <summary>
/// The value of a cached entry: <c>form u8 (1) | absolute expiry i64 | sliding window i64 | the cached bytes</c>, little-endian; Unix
/// milliseconds and milliseconds, 0 where there is none. When it expires stands in the record; these say how a read may move that.
/// </summary>
internal readonly record struct CacheEntry(DateTimeOffset? Absolute, TimeSpan? Sliding, ReadOnlyMemory<byte> Value)
{
    private const byte Form = 1;
    private const int HeaderBytes = 17;

    public byte[] Encode()
    {
        var bytes = new byte[HeaderBytes + Value.Length];
        bytes[0] = Form;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1), Absolute is { } absolute ? Math.Max(1, absolute.ToUnixTimeMilliseconds()) : 0);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(9), Sliding is { } sliding ? Math.Max(1, (long)sliding.TotalMilliseconds) : 0);
        Value.Span.CopyTo(bytes.AsSpan(HeaderBytes));
        return bytes;
    }

    public static bool TryDecode(byte[] bytes, out CacheEntry entry)
    {
        entry = default;
        if (bytes.Length < HeaderBytes || bytes[0] != Form)
            return false;
        var absolute = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(1));
        var sliding = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(9));
        if (absolute < 0 || absolute > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() || sliding < 0 || sliding > TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMillisecond)
            return false;
        entry = new CacheEntry(
            absolute == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(absolute),
            sliding == 0 ? null : TimeSpan.FromTicks(sliding * TimeSpan.TicksPerMillisecond),
            bytes.AsMemory(HeaderBytes));
        return true;
    }
}

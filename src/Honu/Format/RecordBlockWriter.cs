using System.Buffers;

namespace Honu.Format;

/// <summary>
/// Records on their way between replicas, one after the other: <c>key length varint | key | record length varint | record</c>.
/// The record is the portable form of <see cref="RecordLayout"/>: the checksum made at the write is checked at every hop.
/// </summary>
public sealed class RecordBlockWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>How many records the block holds.</summary>
    public int Count { get; private set; }

    /// <summary>Length of the block in bytes.</summary>
    public int Length => _bytes.WrittenCount;

    /// <summary>The block's bytes, valid until the next change.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.WrittenMemory;

    /// <summary>Empties the block for its next use.</summary>
    public void Clear()
    {
        _bytes.ResetWrittenCount();
        Count = 0;
    }

    internal void Add(ReadOnlySpan<byte> key, scoped in RecordReader record)
    {
        WriteLength(key.Length);
        _bytes.Write(key);
        WriteLength(record.PortableLength);
        record.CopyPortable(_bytes.GetSpan(record.PortableLength));
        _bytes.Advance(record.PortableLength);
        Count++;
    }

    private void WriteLength(int value)
    {
        var span = _bytes.GetSpan(5);
        var at = 0;
        for (; value >= 0x80; value >>= 7)
            span[at++] = (byte)(value | 0x80);
        span[at++] = (byte)value;
        _bytes.Advance(at);
    }
}

using System.Buffers.Binary;

namespace Honu.Grpc.InteropHost;

/// <summary>Which messages of one direction of a call were compressed, read from the bytes of the wire: flag, length in four bytes, message.</summary>
/// <remarks>The compression cases ask for this, and a runtime hides it for good reason; so it is observed below the runtime.</remarks>
internal sealed class MessageFlags
{
    private readonly List<bool> _compressed = [];
    private readonly byte[] _prefix = new byte[5];
    private int _prefixLength;
    private uint _left;

    /// <summary>In the order of the messages.</summary>
    public IReadOnlyList<bool> Compressed
    {
        get
        {
            lock (_compressed)
                return [.. _compressed];
        }
    }

    public void Observe(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_left > 0)
            {
                var skipped = (int)Math.Min(_left, (uint)bytes.Length);
                _left -= (uint)skipped;
                bytes = bytes[skipped..];
                continue;
            }

            _prefix[_prefixLength++] = bytes[0];
            bytes = bytes[1..];
            if (_prefixLength < _prefix.Length)
                continue;

            _prefixLength = 0;
            _left = BinaryPrimitives.ReadUInt32BigEndian(_prefix.AsSpan(1));
            lock (_compressed)
                _compressed.Add(_prefix[0] == 1);
        }
    }
}

namespace Honu.TestKit;

/// <summary>
/// The one source of random bytes in tests. It likes what breaks stores: the empty input, 0x00 and 0xFF, keys that are prefixes of each other,
/// the highest key with a prefix, lengths around powers of two, and the same key again. The same seed gives the same bytes.
/// </summary>
public sealed class ByteGenerator(int seed)
{
    private const int MaxUsualKeyBytes = 24;

    private readonly List<byte[]> _keys = [];

    /// <summary>For other decisions of the same run, so that one seed repeats all of it.</summary>
    public Random Random { get; } = new(seed);

    /// <summary>A key of 1 byte or more: half of the time one that was given before or is related to one.</summary>
    public byte[] Key(int maxBytes = MaxUsualKeyBytes)
    {
        var key = Random.Next(10) switch
        {
            < 4 when _keys.Count > 0 => Any(_keys),
            4 when _keys.Count > 0 => [.. Any(_keys), Edge()],
            5 when _keys.Count > 0 => Any(_keys)[..^1],
            6 when _keys.Count > 0 => Sibling(Any(_keys)),
            7 => [.. "user/"u8, (byte)('0' + Random.Next(10))],
            8 => Filled(1 + Random.Next(4), Edge()),
            _ => Bytes(1 + Random.Next(maxBytes)),
        };
        if (key.Length == 0)
            key = [Edge()];
        if (key.Length > maxBytes)
            key = key[..maxBytes];
        _keys.Add(key);
        return [.. key];
    }

    /// <summary>A prefix for scans: empty, of a known key, or of nothing.</summary>
    public byte[] Prefix()
    {
        if (_keys.Count == 0 || Random.Next(8) == 0)
            return Random.Next(2) == 0 ? [] : [Edge()];
        var key = Any(_keys);
        return key[..Random.Next(key.Length + 1)];
    }

    /// <summary>A value of 0 to <paramref name="maxBytes"/> bytes, often empty or short.</summary>
    public byte[] Value(int maxBytes = 300) => Random.Next(8) switch
    {
        0 => [],
        1 => [0x00],
        2 => Filled(Random.Next(maxBytes + 1), 0xFF),
        3 => Bytes(Math.Min(maxBytes, (1 << Random.Next(9)) + Random.Next(3) - 1)),
        _ => Bytes(Random.Next(maxBytes + 1)),
    };

    /// <summary>A value of 1 MiB that does not compress.</summary>
    public byte[] LargeValue() => Noise(1 << 20);

    /// <summary>Exactly <paramref name="length"/> bytes, rich in 0x00 and 0xFF.</summary>
    public byte[] Bytes(int length)
    {
        var bytes = Noise(length);
        for (var i = 0; i < length; i++)
        {
            if (bytes[i] < 0x60)
                bytes[i] = Edge();
        }

        return bytes;
    }

    /// <summary>One of <paramref name="items"/>.</summary>
    public T Any<T>(IReadOnlyList<T> items) => items[Random.Next(items.Count)];

    private static byte[] Filled(int length, byte value)
    {
        var bytes = new byte[length];
        Array.Fill(bytes, value);
        return bytes;
    }

    private byte[] Noise(int length)
    {
        var bytes = new byte[length];
        Random.NextBytes(bytes);
        return bytes;
    }

    private byte[] Sibling(byte[] key)
    {
        var sibling = (byte[])key.Clone();
        if (sibling.Length > 0)
            sibling[^1] = unchecked((byte)(sibling[^1] + (Random.Next(2) == 0 ? 1 : -1)));
        return sibling;
    }

    private byte Edge() => Random.Next(6) switch
    {
        0 or 1 => 0x00,
        2 or 3 => 0xFF,
        4 => (byte)':',
        _ => (byte)'a',
    };
}

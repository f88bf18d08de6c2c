using System.Globalization;
using System.Text;

namespace Honu.Benchmarks;

/// <summary>Keys and values that both sides of a pair use: 16-byte decimal keys in a shuffled order, incompressible values cut from one pool.</summary>
internal sealed class Workload
{
    private const int PoolBytes = 8 << 20;
    private readonly byte[] _pool = new byte[PoolBytes];
    private readonly int _valueBytes;

    public Workload(int keys, int valueBytes, int seed)
    {
        _valueBytes = valueBytes;
        var random = new Random(seed);
        random.NextBytes(_pool);
        Keys = [.. Enumerable.Range(0, keys).Select(static i => Encoding.ASCII.GetBytes(i.ToString("D16", CultureInfo.InvariantCulture)))];
        Missing = [.. Enumerable.Range(0, keys).Select(static i => Encoding.ASCII.GetBytes((i / 10).ToString("D15", CultureInfo.InvariantCulture) + "x"))];
        random.Shuffle(Keys);
        random.Shuffle(Missing);
    }

    public byte[][] Keys { get; }

    public byte[][] Missing { get; }

    public ReadOnlySpan<byte> Value(int i) => _pool.AsSpan((int)((long)i * 7919 % (PoolBytes - _valueBytes)), _valueBytes);
}

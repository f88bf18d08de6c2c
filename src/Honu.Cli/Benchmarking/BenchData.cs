using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Honu.Cli.Benchmarking;

/// <summary>The keys, values and orders of all workloads. Made before anything is measured, and the same for every engine and every run.</summary>
/// <remarks>
/// Keys are <c>%016d</c> of 0 … n − 1, missing keys <c>%015dx</c> of i/10. A value is a slice of an incompressible pool at (i · 7919) mod (pool − size).
/// </remarks>
internal sealed class BenchData
{
    /// <summary>Length of every key in bytes.</summary>
    public const int KeyBytes = 16;

    /// <summary>Longest value: well below the pool, so that values differ.</summary>
    public const int MaxValueBytes = PoolBytes / 2;

    private const int PoolBytes = 8 << 20;

    // One block instead of an array per key: the garbage collector and the processor's caches see as little of the data as possible.
    private readonly byte[] _keys;
    private readonly byte[] _missing;
    private readonly byte[] _pool = new byte[PoolBytes];

    public BenchData(int keys)
    {
        Count = keys;
        _keys = new byte[checked(keys * KeyBytes)];
        _missing = new byte[keys * KeyBytes];
        for (var i = 0; i < keys; i++)
        {
            Encoding.ASCII.GetBytes(i.ToString("D16", CultureInfo.InvariantCulture), _keys.AsSpan(i * KeyBytes));
            Encoding.ASCII.GetBytes((i / 10).ToString("D15", CultureInfo.InvariantCulture) + "x", _missing.AsSpan(i * KeyBytes));
        }

        var random = new XorShift64Star(42);
        for (var i = 0; i < PoolBytes; i += sizeof(ulong))
            BinaryPrimitives.WriteUInt64LittleEndian(_pool.AsSpan(i), random.Next());
        Sequential = [.. Enumerable.Range(0, keys)];
        FillOrder = Shuffled(1);
        ReadOrder = Shuffled(2);
        OverwriteOrder = Shuffled(3);
        DeleteOrder = Shuffled(4);
    }

    /// <summary>Number of keys.</summary>
    public int Count { get; }

    public int[] Sequential { get; }

    public int[] FillOrder { get; }

    public int[] ReadOrder { get; }

    public int[] OverwriteOrder { get; }

    public int[] DeleteOrder { get; }

    /// <summary>Key <paramref name="i"/>.</summary>
    public ReadOnlySpan<byte> Key(int i) => _keys.AsSpan(i * KeyBytes, KeyBytes);

    /// <summary>A key that lies between the others and is never written.</summary>
    public ReadOnlySpan<byte> MissingKey(int i) => _missing.AsSpan(i * KeyBytes, KeyBytes);

    /// <summary>Value <paramref name="i"/> of <paramref name="length"/> bytes.</summary>
    public ReadOnlySpan<byte> Value(int i, int length) => _pool.AsSpan((int)((long)i * 7919 % (PoolBytes - length)), length);

    private int[] Shuffled(ulong seed)
    {
        int[] order = [.. Sequential];
        new XorShift64Star(seed).Shuffle(order.AsSpan());
        return order;
    }
}

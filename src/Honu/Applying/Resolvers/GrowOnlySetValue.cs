using System.Buffers.Binary;

namespace Honu;

/// <summary>A set of byte strings as it is stored. Immutable.</summary>
/// <remarks>Encoding, by ascending bytes, each element once: <c>1 u8 | (length u32, bytes)*</c>, little-endian.</remarks>
public sealed class GrowOnlySetValue
{
    /// <summary>The set without elements.</summary>
    public static GrowOnlySetValue Empty { get; } = new([]);

    private const byte Format = 1;

    private static readonly Comparer<byte[]> ByBytes = Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b));

    // Ascending, each once.
    private readonly byte[][] _elements;

    private GrowOnlySetValue(byte[][] elements) => _elements = elements;

    /// <summary>The elements by ascending bytes.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Elements => _elements.Select(static element => new ReadOnlyMemory<byte>(element));

    /// <summary>How many elements there are.</summary>
    public int Count => _elements.Length;

    /// <summary>Reads a stored set.</summary>
    /// <exception cref="FormatException">The bytes are no such set.</exception>
    public static GrowOnlySetValue Parse(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || value[0] != Format)
            throw Malformed(value);
        var elements = new List<byte[]>();
        for (var rest = value[1..]; !rest.IsEmpty;)
        {
            if (rest.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(rest) is var length && length > rest.Length - 4)
                throw Malformed(value);
            var element = rest.Slice(4, (int)length);
            if (elements.Count > 0 && element.SequenceCompareTo(elements[^1]) <= 0)
                throw Malformed(value);
            elements.Add(element.ToArray());
            rest = rest[(4 + element.Length)..];
        }

        return new GrowOnlySetValue([.. elements]);
    }

    /// <summary>Whether an element is in the set.</summary>
    public bool Contains(ReadOnlySpan<byte> element) => Array.BinarySearch(_elements, element.ToArray(), ByBytes) >= 0;

    /// <summary>The set with an element more.</summary>
    public GrowOnlySetValue Add(ReadOnlySpan<byte> element) => Contains(element) ? this : Union(new GrowOnlySetValue([element.ToArray()]));

    /// <summary>The elements of both sets.</summary>
    public GrowOnlySetValue Union(GrowOnlySetValue other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new GrowOnlySetValue([.. new SortedSet<byte[]>(_elements.Concat(other._elements), ByBytes)]);
    }

    /// <summary>The value to store.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[1 + _elements.Sum(static element => 4 + element.Length)];
        bytes[0] = Format;
        var at = 1;
        foreach (var element in _elements)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)element.Length);
            element.CopyTo(bytes, at + 4);
            at += 4 + element.Length;
        }

        return bytes;
    }

    private static FormatException Malformed(ReadOnlySpan<byte> value) =>
        new($"A value of {value.Length} bytes is no set. Values of a namespace with the GrowOnlySet resolver are made by GrowOnlySet.Add.");
}

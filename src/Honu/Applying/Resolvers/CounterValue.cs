using System.Buffers.Binary;

namespace Honu;

/// <summary>A counter as it is stored: per replica what it has added and what it has taken away, both only ever growing. Immutable.</summary>
/// <remarks>
/// Encoding, by ascending replica: <c>1 u8 | (replica u64, added u64, removed u64)*</c>, little-endian. The replica is <see cref="ReplicaId.ToUInt64"/>: a store that
/// begins a new epoch counts in a part of its own. Two counters merge into the greater of each number.
/// </remarks>
public sealed class CounterValue
{
    /// <summary>The counter that nobody has added to.</summary>
    public static CounterValue Zero { get; } = new([]);

    private const byte Format = 1;
    private const int PartBytes = 24;

    // By ascending replica, each once.
    private readonly Part[] _parts;

    private CounterValue(Part[] parts) => _parts = parts;

    /// <summary>What the counter stands at: everything added less everything removed, held within the range of 64 bits.</summary>
    public long Total
    {
        get
        {
            Int128 total = 0;
            foreach (var part in _parts)
                total += (Int128)part.Added - part.Removed;
            return (long)Int128.Clamp(total, long.MinValue, long.MaxValue);
        }
    }

    /// <summary>How many replicas (and epochs of them) have counted.</summary>
    public int Replicas => _parts.Length;

    /// <summary>Reads a stored counter.</summary>
    /// <exception cref="FormatException">The bytes are no counter.</exception>
    public static CounterValue Parse(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || value[0] != Format || (value.Length - 1) % PartBytes != 0)
            throw new FormatException($"A value of {value.Length} bytes is no counter. Values of a namespace with the Counter resolver are made by Counter.Add.");
        var parts = new Part[(value.Length - 1) / PartBytes];
        for (var i = 0; i < parts.Length; i++)
        {
            var at = value[(1 + (i * PartBytes))..];
            parts[i] = new Part(BinaryPrimitives.ReadUInt64LittleEndian(at), BinaryPrimitives.ReadUInt64LittleEndian(at[8..]), BinaryPrimitives.ReadUInt64LittleEndian(at[16..]));
            if (i > 0 && parts[i].Replica <= parts[i - 1].Replica)
                throw new FormatException("A counter's replicas are not in order. Values of a namespace with the Counter resolver are made by Counter.Add.");
        }

        return new CounterValue(parts);
    }

    /// <summary>The counter after a replica has added <paramref name="delta"/>. Only for the part of the replica that writes.</summary>
    /// <exception cref="OverflowException">The replica has added or removed more than 2^64 - 1 over time.</exception>
    public CounterValue Add(ReplicaId replica, long delta)
    {
        var id = replica.ToUInt64();
        var mine = Array.Find(_parts, part => part.Replica == id);
        var (added, removed) = delta >= 0
            ? (checked(mine.Added + (ulong)delta), mine.Removed)
            : (mine.Added, checked(mine.Removed + (ulong)-(Int128)delta));
        return Merge(new CounterValue([new Part(id, added, removed)]));
    }

    /// <summary>What both counters know.</summary>
    public CounterValue Merge(CounterValue other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var merged = new SortedDictionary<ulong, Part>();
        foreach (var part in _parts.Concat(other._parts))
        {
            merged[part.Replica] = merged.TryGetValue(part.Replica, out var known)
                ? new Part(part.Replica, Math.Max(known.Added, part.Added), Math.Max(known.Removed, part.Removed))
                : part;
        }

        return new CounterValue([.. merged.Values]);
    }

    /// <summary>The value to store.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[1 + (_parts.Length * PartBytes)];
        bytes[0] = Format;
        for (var i = 0; i < _parts.Length; i++)
        {
            var at = bytes.AsSpan(1 + (i * PartBytes));
            BinaryPrimitives.WriteUInt64LittleEndian(at, _parts[i].Replica);
            BinaryPrimitives.WriteUInt64LittleEndian(at[8..], _parts[i].Added);
            BinaryPrimitives.WriteUInt64LittleEndian(at[16..], _parts[i].Removed);
        }

        return bytes;
    }

    private readonly record struct Part(ulong Replica, ulong Added, ulong Removed);
}

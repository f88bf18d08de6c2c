using Google.Protobuf;
using Honu.Format;
using Honu.Replicating;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Rumors that wait to be sent: of each origin and namespace one, with the latest record of each key, as long as its ranges touch.</summary>
/// <remarks>
/// Two rumors of one origin with touching ranges may become one: the origin held the earlier record of a key when it made the later
/// one, so the later record supersedes it or won against it. Bounded: what does not fit is for sessions to bring.
/// </remarks>
internal sealed class RumorSet(int maxBytes)
{
    // Per rumor, beside its records: names and numbers in memory and on the wire.
    public const int Overhead = 64;

    private readonly Dictionary<(string Namespace, ulong Origin), Rumor> _rumors = [];
    private readonly List<Rumor> _apart = [];
    private long _bytes;

    public bool IsEmpty => _rumors.Count == 0;

    /// <summary>Adds a rumor.</summary>
    /// <returns><see langword="false"/>, with nothing changed, when it does not fit.</returns>
    public bool TryAdd(Rumor rumor)
    {
        var key = (rumor.Namespace, rumor.Origin);
        var known = _rumors.GetValueOrDefault(key);
        if (known is not null && TryMerge(known, rumor) is { } merged)
        {
            if (_bytes + Cost(merged) - Cost(known) > maxBytes)
                return false;
            _bytes += Cost(merged) - Cost(known);
            _rumors[key] = merged;
            return true;
        }

        if (_bytes + Cost(rumor) > maxBytes || _rumors.Count + _apart.Count >= MessageValidation.MaxRumors)
            return false;
        _bytes += Cost(rumor);

        // Of two that do not touch, the earlier one stays as it is: it is the later one that grows.
        if (known is not null)
            _apart.Add(known.To < rumor.To ? known : rumor);
        if (known is null || known.To < rumor.To)
            _rumors[key] = rumor;
        return true;
    }

    /// <summary>Takes all of them out.</summary>
    public List<Rumor> Take()
    {
        List<Rumor> taken = [.. _apart, .. _rumors.Values];
        Clear();
        return taken;
    }

    public void Clear()
    {
        _rumors.Clear();
        _apart.Clear();
        _bytes = 0;
    }

    /// <summary>Makes one rumor of two of the same origin and namespace; <see langword="null"/> when their ranges do not touch.</summary>
    public static Rumor? TryMerge(Rumor one, Rumor other)
    {
        var (older, newer) = one.To <= other.To ? (one, other) : (other, one);
        if (newer.From > older.To)
            return null;
        if (newer.From <= older.From)
            return newer;
        return new Rumor { Namespace = newer.Namespace, Origin = newer.Origin, From = older.From, To = newer.To, Records = Union(older.Records, newer.Records) };
    }

    /// <summary>Whether whoever has taken <paramref name="taken"/> has nothing to learn from <paramref name="rumor"/>.</summary>
    public static bool IsTold(Rumor rumor, IReadOnlyList<Rumor> taken)
    {
        foreach (var other in taken)
        {
            if (ReferenceEquals(rumor, other) || (other.Origin == rumor.Origin && other.From <= rumor.From && other.To >= rumor.To && other.Namespace == rumor.Namespace))
                return true;
        }

        return false;
    }

    private static int Cost(Rumor rumor) => Overhead + rumor.Records.Length;

    private static ByteString Union(ByteString older, ByteString newer)
    {
        if (older.IsEmpty)
            return newer;
        var keys = new HashSet<ReadOnlyMemory<byte>>(KeyComparer.Instance);
        var block = new RecordBlockWriter();
        var reader = new RecordBlockReader(newer.Span);
        while (reader.MoveNext())
            keys.Add(reader.Key.ToArray());
        reader = new RecordBlockReader(older.Span);
        while (reader.MoveNext())
        {
            if (!keys.Contains(reader.Key.ToArray()) && RecordReader.TryParse(reader.Record, out var record))
                block.Add(reader.Key, record);
        }

        if (block.Count == 0)
            return newer;
        var bytes = new byte[block.Length + newer.Length];
        block.Bytes.Span.CopyTo(bytes);
        newer.Span.CopyTo(bytes.AsSpan(block.Length));
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }
}

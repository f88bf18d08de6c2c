using Honu.Digests;

namespace Honu.Care;

/// <summary>Compares the digests that a clean close has left with the records that are there.</summary>
internal sealed class DigestVerifier
{
    private readonly Dictionary<ushort, DigestSum> _found = [];
    private readonly Dictionary<ushort, DigestCheckpoint> _kept = [];
    private readonly HashSet<ushort> _damaged = [];

    /// <summary>A current record that passes its checks.</summary>
    public void Add(ushort ns, ReadOnlySpan<byte> record)
    {
        if (Format.RecordReader.TryParse(record, out var parsed))
            _found[ns] = _found.GetValueOrDefault(ns).With(CurrentRecord.Of(parsed));
    }

    /// <summary>A namespace with a damaged entry, which is told by itself: its digest says nothing new.</summary>
    public void AddDamaged(ushort ns) => _damaged.Add(ns);

    /// <summary>A row of a digest that passes its checks.</summary>
    public void AddCheckpoint(ushort ns, ReadOnlySpan<byte> payload)
    {
        if (DigestCheckpoint.TryDecode(payload, out var checkpoint))
            _kept[ns] = checkpoint;
    }

    /// <summary>What is wrong, by namespace.</summary>
    /// <param name="clock">The clock as of the close: a row of another close counts no more.</param>
    public IEnumerable<(ushort Namespace, string Fault)> Compare(ulong clock)
    {
        foreach (var (ns, checkpoint) in _kept)
        {
            var found = _found.GetValueOrDefault(ns);
            if (checkpoint.Clock != clock || found == checkpoint.Digest || _damaged.Contains(ns))
                continue;
            yield return (ns, found.Count == checkpoint.Digest.Count
                ? $"the store was closed with {found.Count} live records that do not expire, but they are not the ones that are here"
                : $"the store was closed with {checkpoint.Digest.Count} live records that do not expire, but {found.Count} are here");
        }
    }
}

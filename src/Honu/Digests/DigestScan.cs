using Honu.Engines;
using Honu.Writing;

namespace Honu.Digests;

/// <summary>Reads the current records of a snapshot and publishes what they sum up to.</summary>
/// <remarks>Every record's checksum is checked: the digest of a namespace with a damaged one is forgotten, because nobody can vouch for what it says.</remarks>
internal sealed class DigestScan : IDisposable
{
    private readonly IStorageEngine _engine;
    private readonly EngineSnapshot _snapshot;
    private readonly List<(NamespaceState State, DigestSum Changes)> _namespaces;
    private readonly long _number;

    /// <summary>Takes the snapshot. For the committing thread, while nothing is staged.</summary>
    public DigestScan(StoreCore core, long number)
    {
        _engine = core.Engine;
        _snapshot = core.Engine.CreateSnapshot();
        _namespaces = [.. core.Namespaces.All.Select(static state => (state, state.Digest.Changes))];
        _number = number;
    }

    /// <summary>Reads and publishes. In any thread.</summary>
    /// <returns>What was not as it had been kept.</returns>
    public List<DigestMismatchEventArgs> Run(CancellationToken cancellationToken)
    {
        var mismatches = new List<DigestMismatchEventArgs>();
        foreach (var (state, changes) in _namespaces)
        {
            try
            {
                var found = Sum(_engine, _snapshot, state.Id, cancellationToken);
                if (!state.Digest.Publish(found, changes, _number, out var kept))
                    mismatches.Add(new DigestMismatchEventArgs(state.Name, kept.Sum, found.Sum, kept.Count - found.Count));
            }
            catch (HonuCorruptionException)
            {
                // Told to whoever reads the damaged record, and by verify.
                state.Digest.Forget(_number);
            }
        }

        return mismatches;
    }

    /// <summary>The sum over the records of one namespace.</summary>
    /// <exception cref="HonuCorruptionException">A record is damaged.</exception>
    public static DigestSum Sum(IStorageEngine engine, EngineSnapshot snapshot, ushort ns, CancellationToken cancellationToken)
    {
        var sum = default(DigestSum);
        using var records = new LiveRecords(engine, snapshot, ns, passOverDamaged: false, cancellationToken);
        while (records.MoveNext())
            sum = sum.With(records.Record);
        return sum;
    }

    public void Dispose() => _snapshot.Dispose();
}

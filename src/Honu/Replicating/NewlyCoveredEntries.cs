using Honu.Engines;

namespace Honu.Replicating;

/// <summary>Walks the index of a namespace over the current records that a vector covers and an earlier one did not: the loose ones that a join makes covered.</summary>
/// <remarks>Only replicas of which more is covered now are looked at. The cost is that of the records from the first newly covered scalar of each to the last one that is covered at all.</remarks>
internal ref struct NewlyCoveredEntries(IStorageEngine engine, ushort ns, VersionVector earlier, VersionVector vector, PlantedFaults faults, bool hasQuarantine)
{
    private UncoveredEntries _entries;
    private ulong _greatest;
    private int _next;
    private bool _walks;

    /// <summary>Where the walk stands.</summary>
    public readonly VersionId Version => _entries.Version;

    public bool MoveNext()
    {
        while (_walks || TryEnterNext())
        {
            while (_entries.MoveNext() && _entries.Version.Scalar <= _greatest)
            {
                if (vector.Covers(_entries.Version))
                    return true;
            }

            Leave();
        }

        return false;
    }

    public void Dispose() => Leave();

    private bool TryEnterNext()
    {
        while (_next < vector.Count)
        {
            var origin = vector.Origins[_next++];
            var first = vector.FirstBeyond(origin, earlier);
            if (first == 0)
                continue;
            _greatest = vector.GreatestScalar(origin);
            _entries = new UncoveredEntries(engine, snapshot: null, ns, earlier, faults, hasQuarantine);
            _entries.StartAt(origin, first);
            _walks = true;
            return true;
        }

        return false;
    }

    private void Leave()
    {
        if (!_walks)
            return;
        _entries.Dispose();
        _walks = false;
    }
}

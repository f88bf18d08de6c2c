using Honu.Replicating;

namespace Honu.Purging;

/// <summary>Where the deletions of a namespace are, so that a purge with nothing to do costs nothing. For the committing thread only.</summary>
/// <remarks>
/// Per origin the smallest and the greatest scalar of a deletion that may not have been purged: a purge walks the index between them, as far as the peers have
/// acknowledged. What it must leave for another reason than that is kept by key, up to a limit, so that the walk need not begin there again. Nothing of this is
/// on disk: after an opening the first purge finds it out by one walk over the namespace.
/// </remarks>
internal sealed class DeletionTracker
{
    private const int MaxKeys = 4096;

    private readonly Dictionary<ReplicaId, (ulong Smallest, ulong Greatest)> _origins = [];
    private readonly HashSet<ReadOnlyMemory<byte>> _keys = new(KeyComparer.Instance);
    private long _count;

    /// <summary>Whether the namespace was walked since the store was opened.</summary>
    public bool IsCounted { get; private set; }

    /// <summary>Deletions that are remembered; <see langword="null"/> while they have not been counted.</summary>
    public long? Count => IsCounted ? _count : null;

    /// <summary>Changes when all that is known becomes void.</summary>
    public int Generation { get; private set; }

    /// <summary>Whether there may be anything to purge up to a limit of each origin.</summary>
    public bool HasAny(Func<ReplicaId, ulong> limit)
    {
        if (_keys.Count > 0)
            return true;
        foreach (var (origin, (smallest, _)) in _origins)
        {
            if (smallest <= limit(origin))
                return true;
        }

        return false;
    }

    /// <summary>A current record took the place of another, or went.</summary>
    public void Replaced(VersionId version, bool wasTombstone, bool isTombstone)
    {
        _count += (isTombstone ? 1 : 0) - (wasTombstone ? 1 : 0);
        if (isTombstone)
            Note(version, version.Scalar);
    }

    /// <summary>Deletions of an origin between two scalars are to be looked at by the next purge that reaches them.</summary>
    public void Note(VersionId smallest, ulong greatest)
    {
        var known = _origins.GetValueOrDefault(smallest.Replica, (ulong.MaxValue, 0UL));
        _origins[smallest.Replica] = (Math.Min(known.Item1, smallest.Scalar), Math.Max(known.Item2, greatest));
    }

    /// <summary>A deletion is to be looked at again by each purge: it expired, or something stands in its way.</summary>
    public void NoteKey(ReadOnlySpan<byte> key, VersionId version)
    {
        if (_keys.Count < MaxKeys)
            _keys.Add(key.ToArray());
        else
            Note(version, version.Scalar);
    }

    /// <summary>A key that <see cref="Take"/> gave out was not looked at.</summary>
    public void NoteAgain(ReadOnlyMemory<byte> key) => _keys.Add(key);

    /// <summary>The expiry of a current record was found, and its value dropped.</summary>
    public void Expired(ReadOnlySpan<byte> key, VersionId version)
    {
        _count++;
        NoteKey(key, version);
    }

    /// <summary>Takes what a purge may look at: ranges up to what <paramref name="limit"/> covers without a gap, and keys. What is not purged must be noted again.</summary>
    public (List<(VersionId Smallest, ulong Greatest)> Ranges, List<ReadOnlyMemory<byte>> Keys) Take(Func<ReplicaId, ulong> limit)
    {
        var ranges = new List<(VersionId, ulong)>();
        foreach (var (origin, (smallest, greatest)) in _origins.ToArray())
        {
            var end = Math.Min(greatest, limit(origin));
            if (end < smallest)
                continue;
            ranges.Add((new VersionId(smallest, origin), end));
            if (end < greatest)
                _origins[origin] = (end + 1, greatest);
            else
                _origins.Remove(origin);
        }

        var keys = _keys.ToList();
        _keys.Clear();
        return (ranges, keys);
    }

    /// <summary>The namespace is walked from this moment on: what is counted from now on comes on top of what the walk finds.</summary>
    public void BeginCount() => _count = 0;

    /// <summary>The walk has ended.</summary>
    public void EndCount(long found)
    {
        _count += found;
        IsCounted = true;
    }

    /// <summary>Nothing is known any more: a write failed, and what is on disk has to be found out again.</summary>
    public void Reset()
    {
        Generation++;
        IsCounted = false;
        _origins.Clear();
        _keys.Clear();
    }
}

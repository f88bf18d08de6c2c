using System.Runtime.CompilerServices;

namespace Honu;

/// <summary>How many updates of each kind.</summary>
public struct UpdateCounts
{
    private Counters _counters;

    /// <summary>The number of updates of one kind.</summary>
    public readonly long this[UpdateKind kind] => _counters[(int)kind];

    /// <summary>All updates together.</summary>
    public readonly long Total
    {
        get
        {
            long total = 0;
            for (var i = 0; i < Counters.Length; i++)
                total += _counters[i];
            return total;
        }
    }

    /// <summary>Updates that changed what the store holds.</summary>
    public readonly long Changes => Total - this[UpdateKind.Duplicate] - this[UpdateKind.Stale];

    /// <summary>Adds to one kind.</summary>
    public void Add(UpdateKind kind, long count = 1) => _counters[(int)kind] += count;

    /// <summary>Adds all counts of <paramref name="other"/>.</summary>
    public void Add(in UpdateCounts other)
    {
        for (var i = 0; i < Counters.Length; i++)
            _counters[i] += other._counters[i];
    }

    /// <summary>The kinds that occurred, with their counts.</summary>
    public readonly IReadOnlyDictionary<UpdateKind, long> ToDictionary()
    {
        var counts = new SortedDictionary<UpdateKind, long>();
        for (var i = 0; i < Counters.Length; i++)
        {
            if (_counters[i] != 0)
                counts.Add((UpdateKind)i, _counters[i]);
        }

        return counts;
    }

    [InlineArray(Length)]
    private struct Counters
    {
        public const int Length = 8;
        private long _first;
    }
}

/// <summary>What applying a chunk of records did.</summary>
/// <param name="Updates">Kinds of updates.</param>
/// <param name="Joined">Whether the target vector was joined.</param>
public readonly record struct ApplyResult(UpdateCounts Updates, bool Joined)
{
    /// <summary>Objects that the end of a full stream has deleted, because the sender knows that they were (R7). Not among <see cref="Updates"/>: no record said so.</summary>
    public long Deleted { get; init; }

    /// <summary>Late writes that were written again as new local versions (R8): records of the chunk, which are among <see cref="Updates"/>, and at the end of a full stream records that were here.</summary>
    public long Reissued { get; init; }

    /// <summary>Records that wait until this machine's clock has come near enough to their versions.</summary>
    public int Deferred { get; init; }

    /// <summary>Records that the store cannot hold as objects, and keeps in quarantine.</summary>
    public int Quarantined { get; init; }

    /// <summary>Whether the join of the target waits for deferred records: it follows by itself in the batch that applies the last of them (R9).</summary>
    public bool JoinIsPending { get; init; }

    /// <summary>How many records the chunk had.</summary>
    public long Records => Updates.Total + Deferred + Quarantined;
}

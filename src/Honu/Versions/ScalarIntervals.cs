namespace Honu;

/// <summary>Which scalars of one origin are covered: everything up to a high mark, and up to <see cref="MaxIntervals"/> later intervals <c>(from, to]</c>.</summary>
/// <remarks>Mutable and not thread-safe; owned by a <see cref="VersionVector"/>.</remarks>
internal sealed class ScalarIntervals
{
    /// <summary>Most intervals beyond the high mark. One more is refused and its records stay loose (R18): none is dropped or bridged.</summary>
    public const int MaxIntervals = 64;

    // Ascending, disjoint, not touching, each with From > High.
    private readonly List<(ulong From, ulong To)> _later = [];

    public ulong High { get; private set; }

    public IReadOnlyList<(ulong From, ulong To)> Later => _later;

    public bool IsEmpty => High == 0 && _later.Count == 0;

    public ScalarIntervals Clone()
    {
        var copy = new ScalarIntervals { High = High };
        copy._later.AddRange(_later);
        return copy;
    }

    public bool Covers(ulong scalar) => scalar <= High || NextUncovered(scalar) != scalar;

    /// <summary>The smallest scalar that is at least <paramref name="scalar"/> and not covered.</summary>
    public ulong NextUncovered(ulong scalar)
    {
        if (scalar <= High)
            scalar = High + 1;
        foreach (var (from, to) in _later)
        {
            if (scalar <= from)
                break;
            if (scalar <= to)
                return to + 1;
        }

        return scalar;
    }

    /// <summary>The smallest scalar that is covered here and was not by <paramref name="earlier"/>; 0 when there is none.</summary>
    public ulong FirstBeyond(ScalarIntervals earlier)
    {
        if (earlier.NextUncovered(1) is var first && first <= High)
            return first;
        foreach (var (from, to) in _later)
        {
            if (earlier.NextUncovered(from + 1) is var next && next <= to)
                return next;
        }

        return 0;
    }

    /// <summary>Covers <c>(from, to]</c>. Returns <see langword="false"/>, and changes nothing, when that would need one interval too many.</summary>
    public bool TryAdd(ulong from, ulong to)
    {
        if (to <= from || to <= High)
            return true;
        if (from <= High)
        {
            High = to;
            Absorb();
            return true;
        }

        return TryInsert(from, to);
    }

    // Apart, so that the closure is not made for every local write.
    private bool TryInsert(ulong from, ulong to)
    {
        // Everything that touches (from, to] melts into it.
        var first = _later.FindIndex(interval => interval.To >= from);
        if (first < 0)
            first = _later.Count;
        var last = first;
        while (last < _later.Count && _later[last].From <= to)
        {
            from = Math.Min(from, _later[last].From);
            to = Math.Max(to, _later[last].To);
            last++;
        }

        if (last == first && _later.Count == MaxIntervals)
            return false;
        _later.RemoveRange(first, last - first);
        _later.Insert(first, (from, to));
        return true;
    }

    /// <summary>Whether everything that <paramref name="other"/> covers is covered here.</summary>
    public bool Dominates(ScalarIntervals other)
    {
        if (other.High > High)
            return false;
        foreach (var (from, to) in other._later)
        {
            if (NextUncovered(from + 1) <= to)
                return false;
        }

        return true;
    }

    public bool SameAs(ScalarIntervals other) => High == other.High && _later.SequenceEqual(other._later);

    private void Absorb()
    {
        while (_later.Count > 0 && _later[0].From <= High)
        {
            High = Math.Max(High, _later[0].To);
            _later.RemoveAt(0);
        }
    }
}

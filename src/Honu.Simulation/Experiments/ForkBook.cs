namespace Honu.Simulation;

/// <summary>Counts forks: writes that replaced a version which another write had replaced already. Of the versions that share a parent, the last in the order of versions wins.</summary>
internal sealed class ForkBook(IReadOnlyList<string> regions)
{
    // Concurrent writes come within the time that versions take to spread; parents from before that need not be remembered for ever.
    private const int RememberedParents = 1 << 16;

    private readonly Dictionary<(int Key, VersionId Parent), List<(int Region, VersionId Version)>> _children = [];
    private readonly Queue<(int Key, VersionId Parent)> _order = new();
    private readonly long[] _tookPart = new long[regions.Count];
    private readonly long[] _won = new long[regions.Count];

    public long Forks { get; private set; }

    public void Add(int key, int region, VersionId parent, VersionId version)
    {
        if (!_children.TryGetValue((key, parent), out var children))
        {
            _children.Add((key, parent), children = []);
            _order.Enqueue((key, parent));
            if (_order.Count > RememberedParents)
                Close(_order.Dequeue());
        }

        if (children.Count > 0)
            Forks++;
        children.Add((region, version));
    }

    /// <summary>How the regions fared.</summary>
    public IReadOnlyList<ForkShare> Shares()
    {
        while (_order.TryDequeue(out var parent))
            Close(parent);
        return [.. regions.Select((region, index) => new ForkShare(region, _tookPart[index], _won[index]))];
    }

    private void Close((int Key, VersionId Parent) parent)
    {
        _children.Remove(parent, out var children);
        if (children!.Count < 2)
            return;
        var winner = children[0];
        foreach (var child in children)
        {
            _tookPart[child.Region]++;
            if (VersionOrder.Wins(child.Version, winner.Version))
                winner = child;
        }

        _won[winner.Region]++;
    }
}

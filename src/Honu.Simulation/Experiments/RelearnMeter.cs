using Honu.Replication.Messages;

namespace Honu.Simulation;

/// <summary>Counts how many pushes it takes until a relay that became slow is left alone.</summary>
/// <remarks>
/// Looked at are replicas of other regions that had chosen it for one of their last ten pushes to its region. The first push of each write counts as a choice, what is sent
/// again to another replica does not. The figure is the number of choices that each of them made before the slow one was left for good: from there on it has less than 5 % of their
/// choices, all these replicas together, after the next ten and after any more. A row of ten by chance, with the slow one chosen again behind it, does not count.
/// </remarks>
internal sealed class RelearnMeter(SimulatedCluster cluster)
{
    private const int Row = 10;
    private const double FewEnough = 0.05;

    private readonly Dictionary<(int From, int Region), Choices> _choices = [];
    private readonly long[] _received = new long[cluster.Replicas.Count];
    private List<Choices> _watched = [];
    private int _slow = -1;

    public void Pushed(SimulatedReplica from, SimulatedReplica to, RumorBatch batch)
    {
        var region = cluster.Network.RegionOf(to);
        if (cluster.Network.RegionOf(from) == region || batch.Rumors.Count == 0)
            return;
        _received[to.Index]++;
        if (!_choices.TryGetValue((from.Index, region), out var choices))
            _choices.Add((from.Index, region), choices = new Choices());
        var last = batch.Rumors.Max(static rumor => rumor.To);
        if (last <= choices.LastScalar)
            return;
        choices.LastScalar = last;
        choices.Chosen.Add(to.Index);
    }

    /// <summary>The replica that other regions push to most; <see langword="null"/> when nobody pushes.</summary>
    public int? Busiest() => _received.Max() > 0 ? Array.IndexOf(_received, _received.Max()) : null;

    /// <summary>From now on a replica is slow.</summary>
    public void Slowed(int replica)
    {
        _slow = replica;
        var region = cluster.Network.RegionOf(cluster.Replicas[replica]);
        _watched = [.. _choices.Where(pair => pair.Key.Region == region && pair.Value.Uses(replica)).OrderBy(static pair => pair.Key.From).Select(static pair => pair.Value)];
        foreach (var choices in _watched)
            choices.Chosen.Clear();
    }

    /// <summary>The pushes it took; <see langword="null"/> when nobody had used the slow one, or when the run ended before it had been left for ten pushes.</summary>
    public double? Pushes()
    {
        var pushes = _watched.Select(static choices => choices.Chosen.Count).DefaultIfEmpty().Max();
        for (var before = 0; before + Row <= pushes; before++)
        {
            if (IsLeftFrom(before, pushes))
                return before;
        }

        return null;
    }

    private bool IsLeftFrom(int before, int pushes)
    {
        var (slow, all) = (0, 0);
        for (var push = before; push < pushes; push++)
        {
            foreach (var choices in _watched.Where(choices => push < choices.Chosen.Count))
            {
                all++;
                if (choices.Chosen[push] == _slow)
                    slow++;
            }

            if (push >= before + Row - 1 && slow >= FewEnough * all)
                return false;
        }

        return true;
    }

    private sealed class Choices
    {
        public List<int> Chosen { get; } = [];

        public ulong LastScalar { get; set; }

        public bool Uses(int replica) => Chosen.TakeLast(Row).Contains(replica);
    }
}

namespace Honu.Replication;

/// <summary>Learns which replica of a region hands rumors on best: discounted UCB, with the time of the answer as reward.</summary>
internal sealed class RelayChooser
{
    private const double Discount = 0.95;
    private const double Exploration = 0.1;
    private const double TimeOutWeight = 0.1;
    private const double HedgeAbove = 0.05;

    // A relay that all senders prefer under load may be this much worse than the best one.
    private const double PreferenceMargin = 0.2;

    // So many bad answers in a row, or none, make a relay poor: one may be an accident.
    private const int PoorAfter = 2;

    // A bad answer has less than this share of the reward of the best relay.
    private const double BadShare = 0.5;

    // What was learned so long ago counts no more than nothing.
    private const double Forgotten = 0.01;

    private readonly SortedDictionary<uint, Arm> _arms = [];

    /// <summary>How often pushes to the region were not answered in time, lately.</summary>
    public double TimeOutAverage { get; private set; }

    /// <summary>Whether a second relay gets the same at once.</summary>
    public bool Hedges => TimeOutAverage > HedgeAbove;

    /// <summary>The arms that were ever chosen, for people to look at.</summary>
    public IEnumerable<(uint Pid, double Mean, double Weight, long Choices)> Arms => _arms.Select(static arm => (arm.Key, arm.Value.Mean, arm.Value.Plays, arm.Value.Choices));

    /// <summary>Whether a relay answers so badly, lately, that another one should be tried in its place.</summary>
    public bool IsPoor(uint pid) => _arms.TryGetValue(pid, out var arm) && arm.BadAnswers >= PoorAfter && arm.Plays >= Forgotten;

    /// <summary>Chooses one of some peers.</summary>
    /// <param name="peers">Not empty, by ascending pid.</param>
    /// <param name="preferred">Who is chosen as long as it is hardly worse than the best.</param>
    public RumorPeer Choose(IReadOnlyList<RumorPeer> peers, RumorPeer? preferred = null)
    {
        var best = peers[0];
        var bestIndex = double.NegativeInfinity;
        var bestMean = 0.0;
        var total = 0.0;
        foreach (var peer in peers)
            total += ArmOf(peer.Pid).Plays;
        var logarithm = Math.Log(Math.Max(total, Math.E));
        foreach (var peer in peers)
        {
            var arm = ArmOf(peer.Pid);

            // Never tried, or so long ago that it counts as new.
            var index = arm.Plays < 1e-6 ? double.PositiveInfinity : arm.Mean + (Exploration * Math.Sqrt(logarithm / arm.Plays));
            bestMean = Math.Max(bestMean, arm.Plays < Forgotten ? 1 : arm.Mean);
            if (index > bestIndex)
                (best, bestIndex) = (peer, index);
        }

        if (preferred is not null && peers.Contains(preferred) && ArmOf(preferred.Pid) is { } asked && (asked.Plays < Forgotten || asked.Mean >= bestMean - PreferenceMargin))
            best = preferred;
        ArmOf(best.Pid).Choices++;
        return best;
    }

    /// <summary>A relay has answered: <c>min(1, (round trip + 5 ms) / time)</c>.</summary>
    /// <returns>The reward.</returns>
    public double Answered(uint pid, TimeSpan time, TimeSpan roundTrip)
    {
        var reward = Math.Min(1, (roundTrip + TimeSpan.FromMilliseconds(5)) / Max(time, TimeSpan.FromTicks(1)));
        Learn(pid, reward);
        return reward;
    }

    /// <summary>A relay has not answered in time, or did not take what it was sent.</summary>
    public void Failed(uint pid) => Learn(pid, 0);

    /// <summary>Whether the first send of some rumors was answered in time.</summary>
    public void NoteFirstTry(bool isTimedOut) => TimeOutAverage += TimeOutWeight * ((isTimedOut ? 1 : 0) - TimeOutAverage);

    /// <summary>Forgets who is not in the region any more.</summary>
    public void Keep(Func<uint, bool> isThere)
    {
        foreach (var gone in _arms.Keys.Where(pid => !isThere(pid)).ToList())
            _arms.Remove(gone);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private void Learn(uint pid, double reward)
    {
        foreach (var arm in _arms.Values)
        {
            arm.Plays *= Discount;
            arm.Rewards *= Discount;
        }

        var learned = ArmOf(pid);
        learned.Plays++;
        learned.Rewards += reward;
        var best = 0.0;
        foreach (var arm in _arms.Values)
            best = arm.Plays < Forgotten ? best : Math.Max(best, arm.Mean);
        learned.BadAnswers = reward <= 0 || reward < BadShare * best ? learned.BadAnswers + 1 : 0;
    }

    private Arm ArmOf(uint pid)
    {
        if (!_arms.TryGetValue(pid, out var arm))
            _arms.Add(pid, arm = new Arm());
        return arm;
    }

    private sealed class Arm
    {
        public double Plays { get; set; }

        public double Rewards { get; set; }

        public long Choices { get; set; }

        /// <summary>In a row.</summary>
        public int BadAnswers { get; set; }

        public double Mean => Plays > 0 ? Rewards / Plays : 0;
    }
}

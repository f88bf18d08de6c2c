namespace Honu.Replication;

/// <summary>
/// A selector with its reward, and the rules that keep convergence from depending on what it learns. Every selector of a running replica is
/// wrapped so; only the paper's experiment runs them bare (<see cref="PeerSelectors.CreateBare"/>). In this order:
/// 1. A peer with an open session, or that rests after failures, is not chosen.
/// 2. Addresses that others told and where nobody has answered yet get a quarter of the choices, while there are others.
/// 3. A peer that was not chosen for ten times as many choices as there are peers is chosen.
/// 4. A peer that had eight of the last fifteen choices is not chosen, unless it is the only one left: at most half of any sixteen are for one.
/// 5. One choice in twenty is uniform.
/// 6. The selector chooses among those that are left.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class SelectionGuards : IPeerSelector
{
    /// <summary>A peer goes unvisited for at most this many choices for each peer that there is.</summary>
    internal const int LongestUnvisited = 10;

    /// <summary>Part of the choices that are uniform.</summary>
    internal const double ExplorationFloor = 0.05;

    /// <summary>The cap on a peer's share holds over this many choices in a row.</summary>
    internal const int ShareWindow = 16;

    /// <summary>How many of them one peer may have.</summary>
    internal const int ShareCap = ShareWindow / 2;

    // A share for display is that of about so many choices.
    private const double ShareMemory = 100;

    private readonly IPeerSelector _inner;
    private readonly Dictionary<string, Visits> _visits = new(StringComparer.Ordinal);
    private readonly Queue<string> _latest = new();
    private long _choices;

    internal SelectionGuards(IPeerSelector inner, IRewardFunction reward)
    {
        _inner = inner;
        Reward = reward;
    }

    /// <inheritdoc/>
    public string Name => _inner.Name;

    /// <summary>What sessions are judged by.</summary>
    public IRewardFunction Reward { get; }

    /// <inheritdoc/>
    public bool WantsNews => _inner.WantsNews;

    /// <summary>Chooses one of <paramref name="arms"/>, which hold all peers, also those that may not be chosen now.</summary>
    /// <param name="arms">The peers.</param>
    /// <param name="now">The time.</param>
    /// <param name="random">The source of all chance.</param>
    /// <returns>An index into <paramref name="arms"/>, or −1 when none may be chosen now.</returns>
    public int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random)
    {
        ArgumentNullException.ThrowIfNull(arms);
        ArgumentNullException.ThrowIfNull(random);
        var ready = ProvenFirst(Ready(arms, now), arms, random);
        if (ready.Count == 0)
            return -1;
        var choice = Overdue(ready, arms) ?? Within(UnderTheCap(ready, arms), arms, now, random);
        Count(arms[choice].Key);
        return choice;
    }

    /// <summary>
    /// Judges a session and learns from it. One that found nothing is not punished, for it was not wrong to ask; nor is one that failed, for a
    /// peer's back-off deals with failures, and a broken link says nothing about what the peer is worth when it is back.
    /// </summary>
    /// <returns>The reward; <see langword="null"/> when nothing was learned.</returns>
    public double? Judge(PeerArm arm, in SessionWorth worth, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(arm);
        VisitsOf(arm.Key);
        if (!worth.Succeeded || !worth.FoundSomething)
        {
            _inner.Visit(arm, now);
            return null;
        }

        var reward = Reward.Of(worth);
        Learn(arm, reward, now);
        return reward;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The reward is not between 0 and 1: a mean that is no number would stay so for ever.</exception>
    public void Learn(PeerArm arm, double reward, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(arm);
        if (reward is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(reward), reward, "A reward must be between 0 and 1.");
        VisitsOf(arm.Key).LastReward = reward;
        _inner.Learn(arm, reward, now);
    }

    /// <inheritdoc/>
    public void Visit(PeerArm arm, TimeSpan now) => _inner.Visit(arm, now);

    /// <inheritdoc/>
    public ArmStatistics Describe(PeerArm arm, TimeSpan now) => _inner.Describe(arm, now);

    /// <summary>What is known of an arm and how it was chosen.</summary>
    public ArmSnapshot Snapshot(PeerArm arm, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(arm);
        var (count, value) = Describe(arm, now);
        var visits = _visits.GetValueOrDefault(arm.Key);
        return new ArmSnapshot(value, count, visits?.Count ?? 0, visits is null ? 0 : ShareOf(visits) / TotalShare(), visits?.LastReward);
    }

    /// <inheritdoc/>
    public IReadOnlyList<ArmState> Export(TimeSpan now) => _inner.Export(now);

    /// <inheritdoc/>
    public void Import(IReadOnlyList<ArmState> state, TimeSpan now) => _inner.Import(state, now);

    /// <inheritdoc/>
    public void Retain(Func<string, bool> isWanted)
    {
        ArgumentNullException.ThrowIfNull(isWanted);
        foreach (var key in _visits.Keys.Where(key => !isWanted(key)).ToList())
            _visits.Remove(key);
        _inner.Retain(isWanted);
    }

    private void Count(string key)
    {
        _choices++;
        var visits = VisitsOf(key);
        visits.Share = ShareOf(visits) + (1 / ShareMemory);
        visits.Last = _choices;
        visits.Count++;
        _latest.Enqueue(key);
        if (_latest.Count >= ShareWindow)
            _latest.Dequeue();
    }

    /// <summary>Forgets peers that are gone, once they are more than those that there are.</summary>
    internal void Trim(int present, Func<string, bool> isPresent)
    {
        if (_visits.Count > (2 * present) + 16)
            Retain(isPresent);
    }

    private static List<int> Ready(IReadOnlyList<PeerArm> arms, TimeSpan now)
    {
        var ready = new List<int>(arms.Count);
        for (var i = 0; i < arms.Count; i++)
        {
            if (!arms[i].IsBusy && arms[i].RestsUntil <= now)
                ready.Add(i);
        }

        return ready;
    }

    private static List<int> ProvenFirst(List<int> ready, IReadOnlyList<PeerArm> arms, Random random)
    {
        var proven = ready.FindAll(i => !arms[i].IsUnproven);
        return proven.Count == 0 || proven.Count == ready.Count || random.Next(4) == 0 ? ready : proven;
    }

    // Who waits for the longest, once that is too long.
    private int? Overdue(List<int> ready, IReadOnlyList<PeerArm> arms)
    {
        var longest = ready.MaxBy(i => _choices - VisitsOf(arms[i].Key).Last);
        return _choices - VisitsOf(arms[longest].Key).Last >= LongestUnvisited * (long)arms.Count ? longest : null;
    }

    private List<int> UnderTheCap(List<int> ready, IReadOnlyList<PeerArm> arms)
    {
        // Of the last fifteen choices only one peer can have had eight.
        if (_latest.FirstOrDefault(key => _latest.Count(other => other == key) >= ShareCap) is not { } capped)
            return ready;
        var below = ready.FindAll(i => arms[i].Key != capped);
        return below.Count == 0 ? ready : below;
    }

    private int Within(List<int> choices, IReadOnlyList<PeerArm> arms, TimeSpan now, Random random) =>
        random.NextDouble() < ExplorationFloor
            ? choices[random.Next(choices.Count)]
            : choices[_inner.Select([.. choices.Select(i => arms[i])], now, random)];

    private Visits VisitsOf(string key)
    {
        // Who is new has its time from now on.
        if (!_visits.TryGetValue(key, out var visits))
            _visits.Add(key, visits = new Visits { Last = _choices });
        return visits;
    }

    private double ShareOf(Visits visits) => visits.Share * Math.Pow(1 - (1 / ShareMemory), _choices - visits.Last);

    // All shares together, which are less than 1 while there were few choices.
    private double TotalShare() => Math.Max(1e-9, 1 - Math.Pow(1 - (1 / ShareMemory), _choices));

    private sealed class Visits
    {
        public long Count { get; set; }

        /// <summary>The number of the choice that was last for it.</summary>
        public long Last { get; set; }

        public double Share { get; set; }

        public double? LastReward { get; set; }
    }
}

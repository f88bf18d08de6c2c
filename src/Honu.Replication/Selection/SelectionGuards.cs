namespace Honu.Replication;

/// <summary>
/// A selector with its reward, and the rules that keep convergence from depending on what it learns. Every selector of a running replica is
/// wrapped so; only the paper's experiment runs them bare (<see cref="PeerSelectors.CreateBare"/>).
/// </summary>
public sealed class SelectionGuards : IPeerSelector
{
    private readonly IPeerSelector _inner;

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

    /// <inheritdoc/>
    public int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random)
    {
        ArgumentNullException.ThrowIfNull(arms);
        ArgumentNullException.ThrowIfNull(random);
        var ready = new List<int>(arms.Count);
        for (var i = 0; i < arms.Count; i++)
        {
            if (!arms[i].IsBusy && arms[i].RestsUntil <= now)
                ready.Add(i);
        }

        return ready.Count == 0 ? -1 : ready[_inner.Select([.. ready.Select(i => arms[i])], now, random)];
    }

    /// <summary>Judges a session and learns from it, unless it found nothing or failed: neither is the fault of having chosen the peer, and failures have their own back-off.</summary>
    /// <returns>The reward; <see langword="null"/> when nothing was learned.</returns>
    public double? Judge(PeerArm arm, in SessionWorth worth, TimeSpan now)
    {
        if (!worth.Succeeded || !worth.FoundSomething)
            return null;
        var reward = Reward.Of(worth);
        Learn(arm, reward, now);
        return reward;
    }

    /// <inheritdoc/>
    public void Learn(PeerArm arm, double reward, TimeSpan now) => _inner.Learn(arm, reward, now);

    /// <inheritdoc/>
    public ArmStatistics Describe(PeerArm arm, TimeSpan now) => _inner.Describe(arm, now);

    /// <inheritdoc/>
    public IReadOnlyList<ArmState> Export(TimeSpan now) => _inner.Export(now);

    /// <inheritdoc/>
    public void Import(IReadOnlyList<ArmState> state, TimeSpan now) => _inner.Import(state, now);

    /// <inheritdoc/>
    public void Retain(Func<string, bool> isWanted) => _inner.Retain(isWanted);
}

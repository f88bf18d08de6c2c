namespace Honu.Replication;

/// <summary>A peer of the own region with a given probability, else one of another; the selector within chooses among those. For sessions that repair what rumors have missed: near ones are cheap, and a few far ones suffice.</summary>
internal sealed class OwnRegionSelector(IPeerSelector inner, double share) : IPeerSelector
{
    public string Name => inner.Name;

    public bool WantsNews => inner.WantsNews;

    public int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random)
    {
        var wantsOwn = random.NextDouble() < share;
        var wanted = Enumerable.Range(0, arms.Count).Where(i => arms[i].IsLocal == wantsOwn).ToList();
        return wanted.Count == 0 || wanted.Count == arms.Count
            ? inner.Select(arms, now, random)
            : wanted[inner.Select([.. wanted.Select(i => arms[i])], now, random)];
    }

    public void Learn(PeerArm arm, double reward, TimeSpan now) => inner.Learn(arm, reward, now);

    public void Visit(PeerArm arm, TimeSpan now) => inner.Visit(arm, now);

    public ArmStatistics Describe(PeerArm arm, TimeSpan now) => inner.Describe(arm, now);

    public IReadOnlyList<ArmState> Export(TimeSpan now) => inner.Export(now);

    public void Import(IReadOnlyList<ArmState> state, TimeSpan now) => inner.Import(state, now);

    public void Retain(Func<string, bool> isWanted) => inner.Retain(isWanted);
}

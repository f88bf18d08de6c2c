namespace Honu.Replication;

/// <summary>Every peer with the same probability: the baseline of the bandits, and the choice when nothing is known.</summary>
public sealed class UniformSelector : IPeerSelector
{
    internal const string SelectorName = "uniform";

    /// <inheritdoc/>
    public string Name => SelectorName;

    /// <inheritdoc/>
    public int Select(IReadOnlyList<PeerAddress> arms, Random random)
    {
        ArgumentNullException.ThrowIfNull(arms);
        ArgumentNullException.ThrowIfNull(random);
        return random.Next(arms.Count);
    }

    /// <summary>Nothing to learn.</summary>
    public void Learn(PeerAddress arm, SyncReport report)
    {
    }
}

using System.Globalization;

namespace Honu.Replication;

/// <summary>Selectors and rewards by their names. A spec is <c>NAME[:PARAM][@REWARD]</c>, for example <c>epsilon-greedy:0.1@novelty</c>; without <c>@</c> the reward is the paper's.</summary>
public static class PeerSelectors
{
    /// <summary>The names of the selectors that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [UniformSelector.SelectorName, EpsilonGreedySelector.SelectorName, AnnealingEpsilonGreedySelector.SelectorName];

    /// <summary>The names of the rewards.</summary>
    public static IReadOnlyList<string> RewardNames { get; } = [PaperReward.RewardName];

    /// <summary>A new selector with its guards, as replicas run it.</summary>
    /// <exception cref="ArgumentException">The spec is none; the message lists what there is.</exception>
    public static SelectionGuards Create(string spec)
    {
        var (selector, reward) = CreateBare(spec);
        return new SelectionGuards(selector, reward);
    }

    /// <summary>A new selector and its reward without guards, as the paper's experiment runs them.</summary>
    /// <exception cref="ArgumentException">The spec is none; the message lists what there is.</exception>
    public static (IPeerSelector Selector, IRewardFunction Reward) CreateBare(string spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var at = spec.IndexOf('@', StringComparison.Ordinal);
        var chosen = at < 0 ? spec : spec[..at];
        var colon = chosen.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? chosen : chosen[..colon];
        double? parameter = null;
        if (colon >= 0)
        {
            if (!double.TryParse(chosen.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                throw new ArgumentException($"\"{chosen[(colon + 1)..]}\" in the selector \"{spec}\" is not a number.", nameof(spec));
            parameter = value;
        }

        IPeerSelector selector = name switch
        {
            UniformSelector.SelectorName => new UniformSelector(),
            EpsilonGreedySelector.SelectorName => new EpsilonGreedySelector(parameter ?? 0.1),
            AnnealingEpsilonGreedySelector.SelectorName => new AnnealingEpsilonGreedySelector(),
            _ => throw new ArgumentException($"There is no selector \"{name}\"; there are: {string.Join(", ", Names)}.", nameof(spec)),
        };
        IRewardFunction reward = at < 0 ? new PaperReward() : spec[(at + 1)..] switch
        {
            PaperReward.RewardName => new PaperReward(),
            var other => throw new ArgumentException($"There is no reward \"{other}\"; there are: {string.Join(", ", RewardNames)}.", nameof(spec)),
        };
        return (selector, reward);
    }
}

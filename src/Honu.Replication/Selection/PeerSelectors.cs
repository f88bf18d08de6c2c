using System.Globalization;

namespace Honu.Replication;

/// <summary>Selectors and rewards by their names. A spec is <c>NAME[:PARAM][@REWARD[:PARAM]]</c>, for example <c>epsilon-greedy:0.1@novelty</c>; without <c>@</c> the reward is the paper's.</summary>
public static class PeerSelectors
{
    private static readonly Kind<IPeerSelector>[] Selectors =
    [
        new(UniformSelector.SelectorName, static _ => new UniformSelector()),
        new(EpsilonGreedySelector.SelectorName, static epsilon => new EpsilonGreedySelector(epsilon), EpsilonGreedySelector.DefaultEpsilon, 0, 1),
        new(AnnealingEpsilonGreedySelector.SelectorName, static _ => new AnnealingEpsilonGreedySelector()),
        new(Ucb1Selector.SelectorName, static exploration => new Ucb1Selector(exploration), Ucb1Selector.DefaultExploration, 0, 10),
        new(DiscountedUcbSelector.SelectorName, static discount => new DiscountedUcbSelector(discount), DiscountedSelector.DefaultDiscount, 0.5, 1),
        new(ThompsonSelector.SelectorName, static discount => new ThompsonSelector(discount), DiscountedSelector.DefaultDiscount, 0.5, 1),
        new(SoftmaxSelector.SelectorName, static temperature => new SoftmaxSelector(temperature), SoftmaxSelector.DefaultTemperature, 0.001, 1000),
        new(Exp3Selector.SelectorName, static exploration => new Exp3Selector(exploration), Exp3Selector.DefaultExploration, 0.001, 1),
        new(TwoLevelSelector.SelectorName, static epsilon => new TwoLevelSelector(epsilon), TwoLevelSelector.DefaultEpsilon, 0, 1),
        new(FreshnessSelector.SelectorName, static epsilon => new FreshnessSelector(epsilon), FreshnessSelector.DefaultEpsilon, 0, 1),
    ];

    /// <summary>The names of the selectors.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Selectors.Select(static kind => kind.Name)];

    /// <summary>The names of the rewards.</summary>
    public static IReadOnlyList<string> RewardNames { get; } = [PaperReward.RewardName, NoveltyReward.RewardName, CostReward.RewardName];

    /// <summary>A new selector with its guards, as replicas run it.</summary>
    /// <param name="spec"><c>NAME[:PARAM][@REWARD[:PARAM]]</c>.</param>
    /// <param name="prices">What bytes between regions cost, for the reward <c>cost</c>; <see langword="null"/>: nothing within a region, the same between any two.</param>
    /// <exception cref="ArgumentException">The spec is none; the message says what there is.</exception>
    public static SelectionGuards Create(string spec, EgressPrices? prices = null)
    {
        var (selector, reward) = CreateBare(spec, prices);
        return new SelectionGuards(selector, reward);
    }

    /// <summary>A new selector and its reward without guards, as the paper's experiment runs them.</summary>
    /// <param name="spec"><c>NAME[:PARAM][@REWARD[:PARAM]]</c>.</param>
    /// <param name="prices">As for <see cref="Create"/>.</param>
    /// <exception cref="ArgumentException">The spec is none; the message says what there is.</exception>
    public static (IPeerSelector Selector, IRewardFunction Reward) CreateBare(string spec, EgressPrices? prices = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var fault = TryMake(spec, prices, out var selector, out var reward);
        return fault is null ? (selector!, reward!) : throw new ArgumentException(fault, nameof(spec));
    }

    /// <summary>What is wrong with a spec; <see langword="null"/> when nothing is.</summary>
    internal static string? FindFault(string spec) => TryMake(spec, prices: null, out _, out _);

    private static string? TryMake(string spec, EgressPrices? prices, out IPeerSelector? selector, out IRewardFunction? reward)
    {
        (selector, reward) = (null, null);
        Kind<IRewardFunction>[] rewards =
        [
            new(PaperReward.RewardName, static _ => new PaperReward()),
            new(NoveltyReward.RewardName, static _ => new NoveltyReward()),
            new(CostReward.RewardName, weight => new CostReward(prices ?? EgressPrices.Default, weight), CostReward.DefaultWeight, 0, 1000),
        ];
        return SelectorSpec.TryParse(spec, out var parsed)
            ?? TryMake(Selectors, "selector", parsed.Selector, parsed.Parameter, out selector)
            ?? TryMake(rewards, "reward", parsed.Reward ?? PaperReward.RewardName, parsed.RewardParameter, out reward);
    }

    private static string? TryMake<T>(Kind<T>[] kinds, string what, string name, double? parameter, out T? made)
        where T : class
    {
        made = null;
        if (Array.Find(kinds, kind => kind.Name == name) is not { } kind)
            return $"There is no {what} \"{name}\"; there are: {string.Join(", ", kinds.Select(static kind => kind.Name))}.";
        if (parameter is not null && double.IsNaN(kind.Usual))
            return $"The {what} {name} has no parameter.";
        if (parameter is { } value && !(value >= kind.Least && value <= kind.Most))
            return string.Create(CultureInfo.InvariantCulture, $"The parameter of the {what} {name} ({value}) must be between {kind.Least} and {kind.Most}; without one it is {kind.Usual}.");
        made = kind.Make(parameter ?? kind.Usual);
        return null;
    }

    private sealed record Kind<T>(string Name, Func<double, T> Make, double Usual = double.NaN, double Least = 0, double Most = 0);
}

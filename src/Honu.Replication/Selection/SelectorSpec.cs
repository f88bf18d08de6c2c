using System.Globalization;

namespace Honu.Replication;

/// <summary>A spec of a selector, taken apart: <c>NAME[:PARAM][@REWARD[:PARAM]]</c>. Names and parameters are not judged here.</summary>
internal readonly record struct SelectorSpec(string Selector, double? Parameter, string? Reward, double? RewardParameter)
{
    /// <summary>Takes a spec apart.</summary>
    /// <returns>What is wrong with it, or <see langword="null"/>.</returns>
    public static string? TryParse(string spec, out SelectorSpec parsed)
    {
        var at = spec.IndexOf('@', StringComparison.Ordinal);
        var (selector, parameter) = Split(at < 0 ? spec : spec[..at]);
        var (reward, rewardParameter) = at < 0 ? (null, null) : Split(spec[(at + 1)..]);
        parsed = new SelectorSpec(selector, parameter, reward, rewardParameter);
        return parameter is double.NaN || rewardParameter is double.NaN
            ? $"A parameter in the selector \"{spec}\" is not a number. Write NAME[:PARAM][@REWARD], for example epsilon-greedy:0.1@novelty."
            : null;
    }

    /// <summary>A selector's name with its parameter, unless that one is the usual one.</summary>
    public static string Name(string name, double parameter, double usual) =>
        parameter == usual ? name : string.Create(CultureInfo.InvariantCulture, $"{name}:{parameter}");

    private static (string Name, double? Parameter) Split(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return (text, null);
        const NumberStyles Styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign;
        return (text[..colon], double.TryParse(text.AsSpan(colon + 1), Styles, CultureInfo.InvariantCulture, out var parameter) ? parameter : double.NaN);
    }
}

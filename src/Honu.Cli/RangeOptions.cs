using System.CommandLine;
using Honu.Hosting;

namespace Honu.Cli;

/// <summary>Options that name a range of keys; each verb has its own instance.</summary>
internal sealed class RangeOptions
{
    private readonly Option<string?> _prefix = new("--prefix") { Description = "Only keys that begin with this.", HelpName = "KEY" };
    private readonly Option<string?> _from = new("--from") { Description = "The first key, inclusive.", HelpName = "KEY" };
    private readonly Option<string?> _to = new("--to") { Description = "The last key, exclusive.", HelpName = "KEY" };

    public void Add(Command command)
    {
        command.Add(_prefix);
        command.Add(_from);
        command.Add(_to);
    }

    /// <summary>Whether any of the options was given.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_prefix) is not null || parsed.GetValue(_from) is not null || parsed.GetValue(_to) is not null;

    /// <summary>Whether a range was named that is not everything.</summary>
    public bool IsNarrow(ParseResult parsed) =>
        !string.IsNullOrEmpty(parsed.GetValue(_prefix)) || !string.IsNullOrEmpty(parsed.GetValue(_from)) || !string.IsNullOrEmpty(parsed.GetValue(_to));

    /// <summary>The range in the namespace that the user named.</summary>
    public StoreScan Scan(ParseResult parsed, CommonOptions common)
    {
        return new StoreScan { Namespace = common.NamespaceName(parsed), Prefix = Bound(_prefix), From = Bound(_from), To = Bound(_to) };

        ReadOnlyMemory<byte> Bound(Option<string?> option) => parsed.GetValue(option) is { } text ? common.Bytes(parsed, text, option.Name) : default;
    }
}

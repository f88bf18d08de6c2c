using System.Globalization;

namespace Honu.GrpcBenchmarks;

/// <summary>The options of the command line: <c>--name value</c>, or <c>--name</c> alone for switches.</summary>
internal sealed class Arguments(string[] args)
{
    public string? Text(string name)
    {
        var at = Array.IndexOf(args, "--" + name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }

    public string Required(string name) => Text(name) ?? throw new ArgumentException($"--{name} is missing.", nameof(name));

    public int Int(string name, int otherwise) => Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    public double Number(string name, double otherwise) => Text(name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    public bool Switch(string name) => args.Contains("--" + name, StringComparer.Ordinal);
}

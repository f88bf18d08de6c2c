namespace Honu.Cli.Importing;

/// <summary>A line of an import is not a record.</summary>
internal sealed class BadLineException(long line, string reason) : Exception($"Line {line}: {reason}.")
{
    public long Line { get; } = line;

    public string Reason { get; } = reason;
}

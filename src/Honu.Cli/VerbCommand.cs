using System.CommandLine;

namespace Honu.Cli;

/// <summary>One verb of the command line, with the examples that its help shows.</summary>
internal sealed class VerbCommand(string name, string description, string examples) : Command(name, description)
{
    public string Examples { get; } = examples;
}

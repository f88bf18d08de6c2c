using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Honu.Cli;

/// <summary>The usual help, then examples of the verb and the exit codes.</summary>
internal sealed class HelpPage(HelpAction inner) : SynchronousCommandLineAction
{
    private const string RootExamples =
        """
          honu put greeting hello --db ./data
          honu get greeting --db ./data
          honu serve --db ./data --listen 127.0.0.1:7000 --pid 1
          honu serve --db ./other --listen 127.0.0.1:7001 --pid 2 --peer 127.0.0.1:7000
          honu import records.jsonl --remote 127.0.0.1:7000
          honu export --remote 127.0.0.1:7001
        """;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        inner.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        output.WriteLine(parseResult.CommandResult.Command is VerbCommand verb ? verb.Examples : RootExamples);
        output.WriteLine();
        output.WriteLine(ExitCodes.Help);
        return ExitCodes.Ok;
    }
}

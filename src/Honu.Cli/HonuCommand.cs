using System.CommandLine;
using System.CommandLine.Help;
using Honu.Cli.Commands;

namespace Honu.Cli;

/// <summary>The command line as a whole: its verbs, how it is parsed, and how it ends.</summary>
internal static class HonuCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        var root = Create();
        // "@file" is a value like any other, and "-abc" is not three options.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpPage)
        {
            var path = string.Join(' ', PathOf(parsed.CommandResult.Command));
            Console.Error.WriteLine($"honu: {parsed.Errors[0].Message.ReplaceLineEndings(" ")} Run \"{path} --help\" for what it takes.");
            return ExitCodes.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
        }
        catch (Exception e)
        {
            // The outermost place: every failure becomes a line and a code here.
            return Failures.Report(e);
        }
    }

    private static RootCommand Create()
    {
        var root = new RootCommand("Use, serve, replicate and inspect Honu stores: embedded, versioned, replicated key-value stores.")
        {
            PutCommand.Create(),
            GetCommand.Create(),
            DeleteCommand.Create(),
            UndeleteCommand.Create(),
            ScanCommand.Create(),
            CountCommand.Create(),
            HistoryCommand.Create(),
            WatchCommand.Create(),
            ConflictsCommand.Create(),
            NamespacesCommand.Create(),
            QuarantineCommand.Create(),
            ReconcileCommand.Create(),
            ImportCommand.Create(),
            ExportCommand.Create(),
            ServeCommand.Create(),
            StatusCommand.Create(),
            StatsCommand.Create(),
            HealthCommand.Create(),
            SyncCommand.Create(),
            PeersCommand.Create(),
            SubscriptionsCommand.Create(),
            SimCommand.Create(),
            BenchCommand.Create(),
            BackupCommand.Create(),
            RestoreCommand.Create(),
            VerifyCommand.Create(),
            RepairCommand.Create(),
            CertsCommand.Create(),
        };
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction help })
                option.Action = new HelpPage(help);
        }

        root.SetAction(_ =>
        {
            Console.Error.WriteLine("honu: Say what to do, for example \"honu get KEY --db DIR\". Run \"honu --help\" for all commands.");
            return ExitCodes.Usage;
        });
        return root;
    }

    private static IEnumerable<string> PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? PathOf(parent).Append(command.Name) : ["honu"];
}

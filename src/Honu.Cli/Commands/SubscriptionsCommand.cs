using System.CommandLine;
using System.Text;
using System.Text.Json;
using Honu.Cli.Output;
using Honu.Hosting;
using Honu.Replication;

namespace Honu.Cli.Commands;

/// <summary><c>honu subscriptions</c>: which namespaces a server exchanges with others.</summary>
internal static class SubscriptionsCommand
{
    public static Command Create() => new VerbCommand(
        "subscriptions",
        "List and change which namespaces a server exchanges with others. At first it is *, everything; name what to keep, then remove *. Namespaces that are not subscribed stay local.",
        """
          honu subscriptions list --remote 127.0.0.1:7000
          honu subscriptions add orders --remote 127.0.0.1:7000
          honu subscriptions remove '*' --remote 127.0.0.1:7000
          honu subscriptions remove orders --drop --remote 127.0.0.1:7000
        """)
    {
        CreateList(), CreateAdd(), CreateRemove(),
    };

    private static VerbCommand CreateList()
    {
        var command = new VerbCommand("list", "List the subscriptions, one a line: names of namespaces, and prefixes that end with *.", """
              honu subscriptions list --remote 127.0.0.1:7000
            """);
        return Run(command, static (client, _, cancellation) => client.GetSubscriptionsAsync(cancellation));
    }

    private static VerbCommand CreateAdd()
    {
        var pattern = Pattern();
        var command = new VerbCommand("add", "Add a subscription, and print what there is then. What others hold of it comes with the next sessions.", """
              honu subscriptions add orders --remote 127.0.0.1:7000
              honu subscriptions add 'eu-*' --remote 127.0.0.1:7000
            """) { pattern };
        return Run(command, (client, parsed, cancellation) => client.AddSubscriptionAsync(Check(parsed.GetRequiredValue(pattern)), cancellation));
    }

    private static VerbCommand CreateRemove()
    {
        var pattern = Pattern();
        var drop = new Option<bool>("--drop") { Description = "Also remove the namespaces that it alone wanted from this server's store, with everything in them. Others keep theirs." };
        var command = new VerbCommand(
            "remove",
            "Remove a subscription, and print what there is then. What it alone wanted stays as it is, and is not exchanged any more. Exits with 3 when there is no such subscription.",
            """
              honu subscriptions remove orders --remote 127.0.0.1:7000
              honu subscriptions remove orders --drop --remote 127.0.0.1:7000
            """) { pattern, drop };
        return Run(command, (client, parsed, cancellation) => client.RemoveSubscriptionAsync(parsed.GetRequiredValue(pattern), parsed.GetValue(drop), cancellation));
    }

    private static Argument<string> Pattern() => new("NAME") { Description = "A namespace, or a prefix of names that ends with * (quote it for the shell)." };

    private static VerbCommand Run(VerbCommand command, Func<StoreClient, ParseResult, CancellationToken, Task<IReadOnlyList<string>>> ask)
    {
        var common = new CommonOptions();
        common.AddServer(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var server = common.Connect(parsed);
            var patterns = await ask(server.Client, parsed, cancellation);
            using var output = new ResultWriter();
            if (parsed.GetValue(common.Json))
            {
                output.Json(patterns, WriteJson);
                return ExitCodes.Ok;
            }

            foreach (var pattern in patterns)
                output.Line(PlainText.Escape(Encoding.UTF8.GetBytes(pattern)));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string Check(string pattern) => SubscriptionList.FindFault(pattern) is { } fault ? throw CliException.Usage(fault) : pattern;

    private static void WriteJson(Utf8JsonWriter json, IReadOnlyList<string> patterns)
    {
        json.WriteStartObject();
        json.WriteStartArray("subscriptions"u8);
        foreach (var pattern in patterns)
            json.WriteStringValue(pattern);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

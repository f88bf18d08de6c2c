using System.CommandLine;
using System.Text.Json;
using Honu.Cli.Output;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu health</c>: whether a server can be called, for probes.</summary>
internal static class HealthCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var service = new Option<string>("--service")
        {
            Description = "One service, for example honu.store.v1.Store. Default: the server as a whole.",
            HelpName = "NAME",
            DefaultValueFactory = static _ => "",
        };
        var command = new VerbCommand(
            "health",
            "Ask a server whether it can be called (grpc.health.v1), and print serving, not serving or unknown. Exits with 0 when it serves, with 1 when it answers anything else, with 6 when it does not answer.",
            """
              honu health --remote 127.0.0.1:7000
              honu health --remote 127.0.0.1:7000 --service honu.store.v1.Store --timeout 1s --json
            """) { common.Remote, service, common.Timeout };
        common.Remote.Required = true;
        common.Remote.Description = "The server.";
        common.Tls.AddTo(command);
        command.Add(common.AuthToken.File);
        command.Add(common.AllowInsecure);
        command.Add(common.Json);
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = parsed.GetValue(service)!;
            await using var store = common.Connect(parsed);
            var health = await store.Client.GetHealthAsync(name, cancellation);
            using var output = new ResultWriter();
            if (parsed.GetValue(common.Json))
                output.Json((name, health), WriteJson);
            else
                output.Line(Text(health));
            return health == StoreHealth.Serving ? ExitCodes.Ok : ExitCodes.Internal;
        });
        return command;
    }

    private static void WriteJson(Utf8JsonWriter json, (string Service, StoreHealth Health) answer)
    {
        json.WriteStartObject();
        json.WriteString("service"u8, answer.Service);
        json.WriteString("status"u8, Text(answer.Health));
        json.WriteEndObject();
    }

    private static string Text(StoreHealth health) => health switch
    {
        StoreHealth.Serving => "serving",
        StoreHealth.NotServing => "not serving",
        _ => "unknown",
    };
}

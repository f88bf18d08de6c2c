using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Output;
using Honu.Hosting;
using Honu.Replication;

namespace Honu.Cli.Commands;

/// <summary><c>honu peers</c>: whom a server's replica knows, and changes of that.</summary>
internal static class PeersCommand
{
    public static Command Create() => new VerbCommand(
        "peers",
        "List the peers and members that a server knows, add and remove addresses, and retire members that have left for good. Changes are kept in the store.",
        """
          honu peers list --remote 127.0.0.1:7000
          honu peers add 127.0.0.1:7001 --remote 127.0.0.1:7000
          honu peers retire 3 --remote 127.0.0.1:7000
        """)
    {
        CreateList(), CreateAdd(), CreateRemove(), CreateRetire(),
    };

    private static VerbCommand CreateList()
    {
        var common = new CommonOptions();
        var command = new VerbCommand("list", "List peers and members: who, where, active, suspect or retired, and how the last session went.", """
              honu peers list --remote 127.0.0.1:7000
              honu peers list --remote 127.0.0.1:7000 --json
            """);
        common.AddServer(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var server = common.Connect(parsed);
            var peers = await server.Client.GetPeersAsync(cancellation);
            using var output = new ResultWriter();
            foreach (var peer in peers)
            {
                if (parsed.GetValue(common.Json))
                    output.Json(peer, WriteJson);
                else
                    output.Line(Text(peer));
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static VerbCommand CreateAdd() => CreateChange(
        "add",
        "Add a peer. It is kept in the store, and members that it knows are learned from it.",
        "  honu peers add 127.0.0.1:7001 --remote 127.0.0.1:7000",
        "ADDRESS",
        "HOST:PORT, or PID@HOST:PORT to insist on who answers.",
        static (client, address, cancellation) => client.AddPeerAsync(CheckAddress(address), cancellation));

    private static VerbCommand CreateRemove() => CreateChange(
        "remove",
        "Take back an address that was added, or take a retired member out of the list by its pid. Exits with 3 when there is none.",
        """
          honu peers remove 127.0.0.1:7001 --remote 127.0.0.1:7000
          honu peers remove 3 --remote 127.0.0.1:7000
        """,
        "PEER",
        "HOST:PORT of an address that was added, or PID of a retired member.",
        static (client, peer, cancellation) => TryParsePid(peer, out var pid)
            ? client.ForgetMemberAsync(pid, cancellation)
            : client.RemovePeerAsync(CheckAddress(peer), cancellation));

    private static VerbCommand CreateRetire() => CreateChange(
        "retire",
        "Tell that a member has left for good, so that no deletion is kept for it any more. If it comes back it is active again and gets everything anew. Exits with 3 when it is not known.",
        "  honu peers retire 3 --remote 127.0.0.1:7000",
        "PID",
        "The member.",
        static (client, text, cancellation) => TryParsePid(text, out var pid)
            ? client.RetireMemberAsync(pid, cancellation)
            : throw CliException.Usage($"\"{text}\" is no pid. Write a number, as honu peers list shows it."));

    private static VerbCommand CreateChange(
        string name, string description, string examples, string argumentName, string argumentDescription, Func<StoreClient, string, CancellationToken, Task> change)
    {
        var common = new CommonOptions();
        var argument = new Argument<string>(argumentName) { Description = argumentDescription };
        var command = new VerbCommand(name, description, examples) { argument, common.Remote, common.Timeout, common.AllowInsecure };
        common.Remote.Required = true;
        common.Remote.Description = "The server.";
        common.Tls.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var server = common.Connect(parsed);
            await change(server.Client, parsed.GetRequiredValue(argument), cancellation);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static bool TryParsePid(string text, out uint pid) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out pid);

    private static string CheckAddress(string text) =>
        PeerAddress.TryParse(text, out _) ? text : throw CliException.Usage($"\"{text}\" is no peer address. Write HOST:PORT or PID@HOST:PORT.");

    private static string Text(KnownPeer peer)
    {
        var heard = peer.LastHeard is { } at ? at.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) : "never";
        var state = peer.State.Length > 0 ? peer.State : "not met yet";
        var region = peer.Region.Length > 0 ? $" in {peer.Region}" : "";
        var connection = peer.Connection.Length > 0 ? $", {peer.Connection}" : "";
        return $"{peer.Replica?.ToString() ?? "-"}\t{peer.Address ?? "-"}\t{state}{region}\t{peer.Origin}{connection}, heard {heard}{(peer.LastError is null ? "" : $", {peer.LastError}")}";
    }

    private static void WriteJson(Utf8JsonWriter json, KnownPeer peer)
    {
        json.WriteStartObject();
        if (peer.Address is not null)
            json.WriteString("address"u8, peer.Address);
        if (peer.Replica is { } replica)
        {
            json.WriteNumber("pid"u8, replica.Pid);
            json.WriteNumber("epoch"u8, replica.Epoch);
        }

        if (peer.Store is { } store)
            json.WriteString("storeId"u8, store);
        json.WriteString("region"u8, peer.Region);
        json.WriteString("origin"u8, peer.Origin);
        if (peer.State.Length > 0)
            json.WriteString("state"u8, peer.State);
        if (peer.Connection.Length > 0)
            json.WriteString("connection"u8, peer.Connection);
        if (peer.LastHeard is { } heard)
            json.WriteString("lastHeard"u8, heard);
        if (peer.LastSuccess is { } success)
            json.WriteString("lastSuccess"u8, success);
        if (peer.LastError is not null)
            json.WriteString("lastError"u8, peer.LastError);
        json.WriteEndObject();
    }
}

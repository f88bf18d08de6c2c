using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Access;
using Honu.Cli.Output;
using Honu.Cli.Parsing;
using Honu.Hosting;
using Honu.Hosting.Services;
using Honu.Replication;

namespace Honu.Cli.Commands;

/// <summary><c>honu sync</c>: one anti-entropy session now, and what it did.</summary>
internal static class SyncCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var with = new Option<string>("--with") { Description = "The peer: PID of a configured one, or HOST:PORT, or PID@HOST:PORT.", HelpName = "PEER", Required = true };
        var command = new VerbCommand("sync", "Run one anti-entropy session with a peer, from a server or from a directory, and print what it did.", """
              honu sync --remote 127.0.0.1:7000 --with 2
              honu sync --remote 127.0.0.1:7000 --with 127.0.0.1:7001 --json
              honu sync --db ./data --with 127.0.0.1:7000
            """) { with };
        common.AddStore(command);
        common.Remote.Description = "The server that begins the session.";
        common.Db.Description = "The directory whose store begins the session; no server may have it open.";
        common.Timeout.Description = "How long the session may take. Default 10m.";
        command.SetAction(async (parsed, cancellation) =>
        {
            var peer = parsed.GetRequiredValue(with);
            if (!PeerName.IsWellFormed(peer))
                throw CliException.Usage($"\"{peer}\" is not a peer. Write PID, HOST:PORT or PID@HOST:PORT.");
            await using var store = common.Open(parsed, create: false);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var patience = parsed.GetValue(common.Timeout) ?? TimeSpan.FromMinutes(10);
            deadline.CancelAfter(patience);
            SyncReport report;
            try
            {
                report = store is RemoteStore remote
                    ? await remote.Client.SyncAsync(peer, deadline.Token)
                    : await RunHere(((LocalStore)store).Store, peer, common.ReplicaOptions(parsed), (replica, token) => replica.SyncAsync(peer, token), deadline.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new CliException(ExitCodes.Unreachable, $"The session did not end within {Durations.Format(patience)}. Allow more with --timeout.");
            }

            using var output = new ResultWriter();
            if (parsed.GetValue(common.Json))
                output.Json(report, WriteJson);
            else
                WriteText(output, report);
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Replicates a directory's store for as long as <paramref name="work"/> takes.</summary>
    public static async Task<T> RunHere<T>(HonuStore store, string peer, HonuReplicaOptions options, Func<ReplicaHost, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        if (!PeerAddress.TryParse(peer, out _))
            throw CliException.Usage($"A directory knows no peers: name the address, HOST:PORT instead of \"{peer}\".");
        if ((options with { Peers = [peer] }).Validate() is { Count: > 0 } failures)
            throw CliException.Usage(string.Join(' ', failures));

        // Only what was asked for: the store may know members, and the host would open sessions of its own with them.
        await using var replica = new ReplicaHost(store, options with { OpensSessions = false });
        await replica.StartAsync(cancellation);
        try
        {
            return await work(replica, cancellation);
        }
        catch (HonuReplicationException e)
        {
            throw new CliException(e.Outcome == SyncOutcome.Refused ? ExitCodes.Refused : ExitCodes.Unreachable, e.Message);
        }
    }

    private static void WriteText(ResultWriter output, SyncReport report)
    {
        output.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Initiator} with {report.Responder}: {Outcome(report)} in {report.Duration.TotalMilliseconds:0.###} ms, {report.RoundTrips} round trips"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"sent      {report.ObjectsSent} objects, {report.BytesSent} bytes"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"received  {report.ObjectsReceived} objects, {report.BytesReceived} bytes"));
        foreach (var (kind, count) in report.Updates.ToDictionary())
            output.Line(string.Create(CultureInfo.InvariantCulture, $"{StoreDescription.KindName(kind),-9} {count}"));
    }

    private static void WriteJson(Utf8JsonWriter json, SyncReport report)
    {
        json.WriteStartObject();
        Replica(json, "initiator"u8, report.Initiator);
        Replica(json, "responder"u8, report.Responder);
        json.WriteNumber("roundTrips"u8, report.RoundTrips);
        json.WriteNumber("bytesSent"u8, report.BytesSent);
        json.WriteNumber("bytesReceived"u8, report.BytesReceived);
        json.WriteNumber("objectsSent"u8, report.ObjectsSent);
        json.WriteNumber("objectsReceived"u8, report.ObjectsReceived);
        json.WriteStartObject("kinds"u8);
        foreach (var (kind, count) in report.Updates.ToDictionary())
            json.WriteNumber(StoreDescription.KindName(kind), count);
        json.WriteEndObject();
        json.WriteNumber("milliseconds"u8, Math.Round(report.Duration.TotalMilliseconds, 3));
        json.WriteString("outcome"u8, Outcome(report));
        json.WriteEndObject();
    }

    private static string Outcome(SyncReport report) => report.Outcome == SyncOutcome.Equal ? "equal" : "completed";

    public static void Replica(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReplicaId replica)
    {
        json.WriteStartObject(name);
        json.WriteNumber("pid"u8, replica.Pid);
        json.WriteNumber("epoch"u8, replica.Epoch);
        json.WriteEndObject();
    }
}

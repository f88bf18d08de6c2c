using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Access;
using Honu.Cli.Output;
using Honu.Cli.Parsing;
using Honu.Hosting.Services;
using Honu.Replication;

namespace Honu.Cli.Commands;

/// <summary><c>honu verify --peer</c>: sessions that compare contents, until one has compared everything and found nothing to repair.</summary>
internal static class PeerVerification
{
    // Namespaces that are written to while they are compared are tried again.
    private const int MaxSessions = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    public static async Task<int> RunAsync(CommonOptions common, ParseResult parsed, string peer, CancellationToken cancellation)
    {
        if (!PeerName.IsWellFormed(peer))
            throw CliException.Usage($"\"{peer}\" is not a peer. Write PID, HOST:PORT or PID@HOST:PORT.");
        await using var store = common.Open(parsed, create: false);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var patience = parsed.GetValue(common.Timeout) ?? TimeSpan.FromMinutes(10);
        deadline.CancelAfter(patience);
        Result result;
        try
        {
            result = store is RemoteStore remote
                ? await Repeat(token => remote.Client.VerifyAsync(peer, token), deadline.Token)
                : await SyncCommand.RunHere(((LocalStore)store).Store, peer, common.ReplicaOptions(parsed), (replica, token) => Repeat(again => replica.VerifyAsync(peer, again), token), deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CliException(ExitCodes.Unreachable, $"The comparison did not end within {Durations.Format(patience)}. Allow more with --timeout.");
        }

        using (var output = new ResultWriter())
        {
            if (parsed.GetValue(common.Json))
                output.Json(result, WriteJson);
            else
                WriteText(output, result);
        }

        if (result.Skipped == 0)
            return ExitCodes.Ok;
        await Console.Error.WriteLineAsync($"honu: {result.Skipped} namespaces could not be compared: they were written to all the while. Try again when there is less to do.");
        return ExitCodes.Unreachable;
    }

    // What was repaired is looked at once more: only a session that compares everything and finds nothing says that the two are equal.
    private static async Task<Result> Repeat(Func<CancellationToken, Task<SyncReport>> session, CancellationToken cancellation)
    {
        var result = new Result();
        while (true)
        {
            var report = await session(cancellation);
            result = new Result
            {
                Initiator = report.Initiator,
                Responder = report.Responder,
                Sessions = result.Sessions + 1,
                Compared = Math.Max(result.Compared, report.NamespacesCompared),
                Differed = result.Differed + report.DigestMismatches,
                Repaired = result.Repaired + report.ObjectsRepaired,
                Skipped = report.ComparisonsSkipped,
            };
            if ((report.ComparisonsSkipped == 0 && report.ObjectsRepaired == 0) || result.Sessions == MaxSessions)
                return result;
            await Task.Delay(Pause, TimeProvider.System, cancellation);
        }
    }

    private static void WriteText(ResultWriter output, Result result)
    {
        output.Line($"{result.Initiator} with {result.Responder}: {(result.Skipped > 0 ? "not all compared" : result.Repaired > 0 ? "repaired" : "equal")}");
        output.Line(string.Create(CultureInfo.InvariantCulture, $"compared  {result.Compared} namespaces"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"differed  {result.Differed} namespaces"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"repaired  {result.Repaired} objects"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"skipped   {result.Skipped} namespaces"));
    }

    private static void WriteJson(Utf8JsonWriter json, Result result)
    {
        json.WriteStartObject();
        SyncCommand.Replica(json, "initiator"u8, result.Initiator);
        SyncCommand.Replica(json, "responder"u8, result.Responder);
        json.WriteNumber("sessions"u8, result.Sessions);
        json.WriteNumber("namespacesCompared"u8, result.Compared);
        json.WriteNumber("namespacesDiffered"u8, result.Differed);
        json.WriteNumber("namespacesSkipped"u8, result.Skipped);
        json.WriteNumber("objectsRepaired"u8, result.Repaired);
        json.WriteEndObject();
    }

    private sealed record Result
    {
        public ReplicaId Initiator { get; init; }

        public ReplicaId Responder { get; init; }

        public int Sessions { get; init; }

        public long Compared { get; init; }

        public long Differed { get; init; }

        public long Repaired { get; init; }

        public long Skipped { get; init; }
    }
}

using System.CommandLine;
using Honu.Cli.Access;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu put</c>: writes one object and prints the version it made.</summary>
internal static class PutCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var consistency = new ConsistencyOptions();
        var key = new Argument<string>("KEY") { Description = "The key, 1 to 4096 bytes." };
        var value = new Argument<string>("VALUE") { Description = "The value; - reads it from stdin, byte for byte." };
        var expected = new Option<string?>("--expected")
        {
            Description = "Write only if this is the current version (as put and history print it); \"none\" if there must be no object.",
            HelpName = "VERSION",
        };
        var sync = new Option<bool>("--sync") { Description = "Wait until the write survives power loss; without it, it survives a killed process." };
        var ttl = CommonOptions.Duration("--ttl", "How long the value lives, for example 10s, 1h, 30d; then every replica treats it as deleted. Default: for ever.");
        var command = new VerbCommand("put", "Write an object. Prints the version that it made.", """
              honu put order/17 '{"state":"paid"}' --db ./data
              honu put photo - --db ./data < photo.jpg
              honu put order/17 sent --db ./data --expected 1234567@1.0
              honu put order/17 paid --remote 127.0.0.1:7000 --wait-replicas 2 --wait-timeout 5s
              honu put lock me --remote 127.0.0.1:7000 --expected none --ttl 30s
            """) { key, value, expected, ttl, sync };
        common.AddStore(command);
        common.AddObjects(command);
        consistency.AddToWriter(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var ns = common.NamespaceName(parsed);
            var keyBytes = common.Key(parsed, parsed.GetRequiredValue(key));
            var expectedVersion = ParseExpected(parsed.GetValue(expected));
            var text = parsed.GetRequiredValue(value);
            var valueBytes = text == "-" ? await ReadStdin(cancellation) : common.Bytes(parsed, text, "value");
            var options = await consistency.WriteAsync(parsed, common, (parsed.GetValue(sync) ? WriteOptions.Synced : default) with { TimeToLive = parsed.GetValue(ttl) }, cancellation);
            var wantsToken = consistency.WantsToken(parsed);

            await using var store = common.Open(parsed, create: true);
            var result = expectedVersion is { } wanted
                ? await TryPut(store, ns, keyBytes, valueBytes, wanted, options, wantsToken, cancellation)
                : await store.PutAsync(ns, keyBytes, valueBytes, options, wantsToken, cancellation);
            await consistency.ReportAsync(parsed, common, result.Version.Id, result.AcknowledgedBy, result.Token, cancellation);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<TrackedWrite> TryPut(
        IStoreAccess store, string ns, byte[] key, byte[] value, VersionId expected, WriteOptions options, bool wantsToken, CancellationToken cancellation)
    {
        var result = await store.TryPutAsync(ns, key, value, expected, options, wantsToken, cancellation);
        if (result.Applied)
            return result;
        var version = result.Version;
        var found = version.IsNone ? "there is no object" : version.IsDeleted ? $"the object is deleted ({version.Id})" : $"the current version is {version.Id}";
        var wanted = expected.IsNone ? "no object" : $"version {expected}";
        throw new CliException(ExitCodes.NotFound, $"Not written: expected {wanted}, but {found}. Read it again and decide.");
    }

    private static VersionId? ParseExpected(string? text)
    {
        if (text is null)
            return null;
        if (text == "none")
            return default(VersionId);
        return VersionId.TryParse(text, out var version)
            ? version
            : throw CliException.Usage($"\"{text}\" is not a version. Write it as put prints it, SCALAR@PID.EPOCH, or \"none\".");
    }

    private static async Task<byte[]> ReadStdin(CancellationToken cancellation)
    {
        await using var stdin = Console.OpenStandardInput();
        using var buffer = new MemoryStream();
        await stdin.CopyToAsync(buffer, cancellation).WaitAsync(cancellation);
        return buffer.ToArray();
    }
}

using System.CommandLine;
using System.Text;
using Honu.Cli.Access;
using Honu.Cli.Output;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu get</c>: prints the latest value of one object.</summary>
internal static class GetCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var consistency = new ConsistencyOptions();
        var key = new Argument<string>("KEY") { Description = "The key." };
        var raw = new Option<bool>("--raw") { Description = "Print the value byte for byte, without a line end after it." };
        var version = new Option<string?>("--version")
        {
            Description = "An earlier version instead of the latest (as put and history print it), if it is still kept.",
            HelpName = "VERSION",
        };
        var command = new VerbCommand("get", "Print the latest value of an object and a line end. Prints nothing and exits with 3 when there is no such object.", """
              honu get order/17 --db ./data
              honu get photo --db ./data --raw > photo.jpg
              honu get order/17 --remote 127.0.0.1:7000 --json
              honu get order/17 --remote 127.0.0.1:7000 --token-file ~/.honu-token --wait-timeout 2s
              honu get order/17 --db ./data --version 1234567@1.0
            """) { key, version, raw };
        common.AddStore(command);
        common.AddObjects(command);
        consistency.AddToReader(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var ns = common.NamespaceName(parsed);
            var keyBytes = common.Key(parsed, parsed.GetRequiredValue(key));
            var (json, base64, exact) = (parsed.GetValue(common.Json), parsed.GetValue(common.Base64), parsed.GetValue(raw));
            if (exact && (json || base64))
                throw CliException.Usage("--raw prints bytes; it does not go with --json or --base64.");

            var wanted = ParseVersion(parsed.GetValue(version));

            var options = await consistency.ReadAsync(parsed, common, cancellation);
            var wantsToken = consistency.WantsToken(parsed);

            await using var store = common.Open(parsed, create: false, readOnly: true);
            if (wanted is not null && consistency.IsGiven(parsed))
                throw CliException.Usage("--version names what to show; it does not go with a token or a bound of staleness.");
            var read = wanted is null ? await store.GetAsync(ns, keyBytes, options, wantsToken, cancellation) : null;
            var token = wantsToken ? await consistency.KeepAsync(parsed, read!.Token, cancellation) : null;
            var found = wanted is { } id
                ? await Find(store, ns, keyBytes, id, cancellation)
                    ?? throw new CliException(ExitCodes.NotFound, $"The object \"{PlainText.Format(keyBytes, base64)}\" in namespace \"{ns}\" has no value of version {id}: it is a deletion, no longer kept, or was never there. Run \"honu history\" for what is kept.")
                : read!.Object
                    ?? throw new CliException(ExitCodes.NotFound, $"There is no object \"{PlainText.Format(keyBytes, base64)}\" in namespace \"{ns}\".");
            using var output = new ResultWriter();
            if (json)
            {
                var line = new ObjectLine { Namespace = ns, Key = found.Key.Span, Value = found.Value.Span, Version = found.Version, Base64 = base64, Token = token?.ToString() };
                output.Json(line, ObjectLine.Write);
                return ExitCodes.Ok;
            }

            output.Append(base64 ? Encoding.ASCII.GetBytes(Convert.ToBase64String(found.Value.Span)) : found.Value.Span);
            if (!exact)
                output.Append("\n"u8);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static VersionId? ParseVersion(string? text) => text is null ? null
        : VersionId.TryParse(text, out var version) ? version
        : throw CliException.Usage($"\"{text}\" is not a version. Write it as put and history print it, SCALAR@PID.EPOCH.");

    private static async Task<StoreObject?> Find(IStoreAccess store, string ns, byte[] key, VersionId id, CancellationToken cancellation)
    {
        await foreach (var item in store.HistoryAsync(ns, key, cancellation))
        {
            if (item.Version.Id == id)
                return item.Version.IsDeleted ? null : item;
        }

        return null;
    }
}

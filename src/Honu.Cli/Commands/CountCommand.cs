using System.CommandLine;
using System.Globalization;
using Honu.Cli.Output;
using Honu.Hosting.Services;

namespace Honu.Cli.Commands;

/// <summary><c>honu count</c>: counts the objects of a range.</summary>
internal static class CountCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var range = new RangeOptions();
        var command = new VerbCommand("count", "Count objects that are not deleted. Reads each of them; \"honu stats\" tells more about the whole store.", """
              honu count --db ./data
              honu count --remote 127.0.0.1:7000 --prefix order/
            """);
        range.Add(command);
        common.AddStore(command);
        common.AddObjects(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var scan = range.Scan(parsed, common) with { KeysOnly = true };

            await using var store = common.Open(parsed, create: false, readOnly: true);
            var counter = new Counter();
            await store.ScanAsync(scan, counter, cancellation);
            using var output = new ResultWriter();
            if (parsed.GetValue(common.Json))
            {
                output.Json(counter.Count, static (json, count) =>
                {
                    json.WriteStartObject();
                    json.WriteNumber("count"u8, count);
                    json.WriteEndObject();
                });
            }
            else
            {
                output.Line(counter.Count.ToString(CultureInfo.InvariantCulture));
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private sealed class Counter : IScanSink
    {
        public long Count { get; private set; }

        public bool Accept(string ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in ObjectVersion version, bool lostConflict)
        {
            Count++;
            return true;
        }
    }
}

using System.Text;
using Honu.Compatibility;

namespace Honu.Tests.Compatibility;

public class GoUpdateRulesTests
{
    [Fact]
    public void Decide_EveryCaseOfTheOriginal_GivesItsResult()
    {
        var cases = GoFixtures.Load("update_cases.json").EnumerateArray().ToList();

        foreach (var example in cases)
        {
            var name = GoFixtures.Text(example, "name")!;
            var next = GoFixtures.Object(example.GetProperty("next"));
            var previous = example.GetProperty("previous");
            var stored = previous.ValueKind == System.Text.Json.JsonValueKind.Null ? null : GoFixtures.Object(previous);

            var decision = GoUpdateRules.Decide(next.Version!, stored?.Version, example.GetProperty("force").GetBoolean());

            var keysAfter = decision.IsStored || stored is not null ? [Convert.ToBase64String(next.GetStorageKey())] : Array.Empty<string>();
            Assert.Equal((name, example.GetProperty("resultCode").GetInt32()), (name, (int)decision.Kind));
            Assert.Equal((name, GoFixtures.Text(example, "result")!.ToUpperInvariant()), (name, decision.Kind.ToString().ToUpperInvariant()));
            Assert.Equal((name, GoFixtures.Text(example, "error")), (name, decision.Error));
            Assert.Equal(example.GetProperty("rawKeysAfter").EnumerateArray().Select(key => key.GetString()!).ToArray(), keysAfter);
        }

        Assert.Equal(18, cases.Count);
    }

    [Fact]
    public void Decide_ForcedWithEarlierVersion_IsForced()
    {
        var decision = GoUpdateRules.Decide(new GoVersion { Pid = 1, Version = 1 }, new GoVersion { Pid = 1, Version = 9 }, force: true);

        Assert.Equal(new GoUpdateDecision(GoUpdateKind.Forced, null), decision);
        Assert.True(decision.IsStored);
    }

    [Fact]
    public void Decide_NoIncomingVersion_Throws() => Assert.Throws<ArgumentNullException>(() => GoUpdateRules.Decide(null!, null));

    /// <summary>Goal: the database that the original wrote follows from its operations by these rules. Method: replay every operation, then compare record by record.</summary>
    [Fact]
    public void Replay_EveryOperationOfTheOriginal_GivesItsDatabase()
    {
        var operations = GoFixtures.Load("leveldb_operations.json").EnumerateArray().ToList();
        var raw = GoFixtures.Load("leveldb_dump.json").GetProperty("raw").EnumerateArray().ToList();
        var database = new SortedDictionary<string, GoObject>(StringComparer.Ordinal);

        foreach (var operation in operations)
            Replay(operation, database);

        Assert.Equal(178, operations.Count);
        Assert.Equal(147, raw.Count);
        var expected = raw.Select(row => (Convert.ToHexString(row.GetProperty("key").GetBytesFromBase64()), GoFixtures.Text(row, "valueHex")!.ToUpperInvariant()));
        var found = database.Select(row => (row.Key, Convert.ToHexString(row.Value.ToArray())));
        Assert.Equal(expected.Order(), found.Order());
    }

    private static void Replay(System.Text.Json.JsonElement operation, SortedDictionary<string, GoObject> database)
    {
        var op = GoFixtures.Text(operation, "op");
        if (operation.GetProperty("object").ValueKind == System.Text.Json.JsonValueKind.Null)
        {
            var space = GoFixtures.Text(operation, "namespaceOption");
            var lookup = new GoObject { Namespace = space is "" or null ? "default" : space, Key = operation.GetProperty("key").GetBytesFromBase64() };
            var there = database.TryGetValue(Convert.ToHexString(lookup.GetStorageKey()), out var old);
            Assert.Equal("delete", op);
            Assert.Equal(there ? "cannot delete an already deleted object" : "not found", GoFixtures.Text(operation, "error"));
            Assert.True(!there || old!.Version!.Tombstone);
            return;
        }

        var next = GoFixtures.Object(operation.GetProperty("object"));
        var key = Convert.ToHexString(next.GetStorageKey());
        var stored = database.GetValueOrDefault(key);
        var decision = GoUpdateRules.Decide(next.Version!, stored?.Version);
        Assert.Null(GoFixtures.Text(operation, "error"));
        if (op == "update")
        {
            Assert.Equal(GoFixtures.Text(operation, "result")!.ToUpperInvariant(), decision.Kind.ToString().ToUpperInvariant());
        }
        else
        {
            Assert.Equal(GoUpdateKind.Linear, decision.Kind);
            Assert.Equal((stored?.Version?.Version ?? 0) + 1, next.Version!.Version);
            Assert.Equal(op == "delete", next.Version.Tombstone);
            Assert.Equal(stored?.Version?.ToString(), next.Version.Parent?.ToString());
            Assert.Null(next.Version.Parent?.Parent);
            Assert.Equal(op == "delete" ? "" : Encoding.Latin1.GetString(operation.GetProperty("value").GetBytesFromBase64()), Encoding.Latin1.GetString(next.Data.Span));
        }

        database[key] = next;
    }
}

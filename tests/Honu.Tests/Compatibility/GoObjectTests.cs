using System.Buffers;
using System.Text.Json;
using Honu.Compatibility;
using Honu.TestKit;

namespace Honu.Tests.Compatibility;

public class GoObjectTests
{
    [Fact]
    public void Parse_EveryObjectOfTheOriginal_ReadsAndWritesItsBytes()
    {
        var objects = GoFixtures.Load("proto_objects.json").GetProperty("objects").EnumerateArray().ToList();

        foreach (var example in objects)
        {
            var name = GoFixtures.Text(example, "name")!;
            var parsed = GoObject.Parse(GoFixtures.Hex(example, "hex"));
            GoFixtures.AssertSame(example.GetProperty("object"), parsed, name);
            Assert.Equal(GoFixtures.Text(example, "hex"), Convert.ToHexStringLower(parsed.ToArray()));
            Assert.Equal(GoFixtures.Text(example, "hex"), Convert.ToHexStringLower(GoFixtures.Object(example.GetProperty("object")).ToArray()));
            Assert.Equal(example.GetProperty("size").GetInt32(), parsed.GetEncodedLength());
        }

        Assert.Equal(12, objects.Count);
    }

    [Fact]
    public void TryParse_EveryOddInputOfTheOriginal_AcceptsAndRefusesAsItDoes()
    {
        var examples = GoFixtures.Load("proto_objects.json").GetProperty("decodeOnly").EnumerateArray().ToList();

        foreach (var example in examples)
        {
            var name = GoFixtures.Text(example, "name")!;
            var found = GoObject.TryParse(GoFixtures.Hex(example, "hex"), out var parsed, out var error);
            Assert.Equal((name, example.GetProperty("ok").GetBoolean()), (name, found));
            Assert.Equal(found, error is null);
            if (!found)
                continue;
            GoFixtures.AssertSame(example.GetProperty("object"), parsed!, name);
            Assert.Equal((name, GoFixtures.Text(example, "reencodedHex")), (name, Convert.ToHexStringLower(parsed!.ToArray())));
        }

        Assert.Equal(12, examples.Count);
        Assert.Equal(3, examples.Count(example => !example.GetProperty("ok").GetBoolean()));
    }

    /// <summary>A sync message is status (field 1), object (field 2): what it carries must be the object that we write.</summary>
    [Fact]
    public void Write_EveryObjectOfASyncMessage_GivesTheBytesInsideIt()
    {
        var messages = GoFixtures.Load("proto_objects.json").GetProperty("sync").EnumerateArray().ToList();

        foreach (var message in messages)
        {
            var expected = GoFixtures.Hex(message, "hex");
            byte[] written = [0x08, message.GetProperty("status").GetByte()];
            if (message.GetProperty("object").ValueKind != JsonValueKind.Null)
            {
                var carried = GoFixtures.Object(message.GetProperty("object")).ToArray();
                written = [.. written, 0x12, checked((byte)carried.Length), .. carried];
            }

            Assert.Equal(expected, written);
        }

        Assert.Equal(5, messages.Count);
    }

    [Fact]
    public void Parse_EveryRecordOfTheDump_StandsUnderItsStorageKeyAndWritesItsBytes()
    {
        var raw = GoFixtures.Load("leveldb_dump.json").GetProperty("raw").EnumerateArray().ToList();

        foreach (var row in raw)
        {
            var parsed = GoObject.Parse(GoFixtures.Hex(row, "valueHex"));
            Assert.Equal(row.GetProperty("key").GetBytesFromBase64(), parsed.GetStorageKey());
            Assert.Equal(GoFixtures.Hex(row, "valueHex"), parsed.ToArray());
        }

        Assert.Equal(147, raw.Count);
    }

    /// <summary>Goal: what Go answered to gets and iterators follows from the raw records. Method: read the record from the dump for each answer.</summary>
    [Fact]
    public void Parse_EveryAnswerOfTheDump_IsTheRecordUnderItsKey()
    {
        var dump = GoFixtures.Load("leveldb_dump.json");
        var raw = dump.GetProperty("raw").EnumerateArray()
            .ToDictionary(row => GoFixtures.Text(row, "key")!, row => GoObject.Parse(GoFixtures.Hex(row, "valueHex")), StringComparer.Ordinal);
        var gets = dump.GetProperty("gets").EnumerateArray().ToList();
        var iterators = dump.GetProperty("iters").EnumerateArray().ToList();

        foreach (var get in gets)
        {
            var space = GoFixtures.Text(get, "namespaceOption")!;
            AssertAnswer(raw, space.Length == 0 ? "default" : space, get, "get");
        }

        foreach (var iterator in iterators)
            foreach (var entry in iterator.GetProperty("forward").EnumerateArray())
                AssertAnswer(raw, GoFixtures.Text(iterator, "effectiveNamespace")!, entry, "value");

        Assert.Equal(152, gets.Count);
        Assert.Equal(52, iterators.Count);
        Assert.True(iterators.Sum(iterator => iterator.GetProperty("forward").GetArrayLength()) > 100);
    }

    [Fact]
    public void TryParse_EveryTruncation_NeverThrowsAndNeverInventsTheWholeObject()
    {
        var whole = SampleObject().ToArray();

        for (var length = 0; length < whole.Length; length++)
        {
            var found = GoObject.TryParse(whole.AsSpan(0, length), out var parsed, out var error);
            Assert.Equal(found, error is null);
            if (found)
                Assert.Equal(whole[..length], parsed!.ToArray());
        }
    }

    [Fact]
    public void TryParse_RandomBytes_NeverThrows()
    {
        var seed = Seeds.Of(20_11);
        var random = new Random(seed);
        var whole = SampleObject().ToArray();

        for (var run = 0; run < 20_000; run++)
        {
            var input = run % 2 == 0 ? new byte[random.Next(40)] : whole.ToArray();
            if (run % 2 == 0)
                random.NextBytes(input);
            else
                input[random.Next(input.Length)] = (byte)random.Next(256);

            var found = GoObject.TryParse(input, out var parsed, out _);

            // What was accepted must survive being written and read again.
            if (found)
                Assert.True(parsed!.ToArray().AsSpan().SequenceEqual(GoObject.Parse(parsed.ToArray()).ToArray()), $"seed {seed}, run {run}");
        }
    }

    [Theory]
    [InlineData("0aff", "number at byte 1 is cut off")]
    [InlineData("0affffffffffffffffff7f", "number at byte 1 exceeds 64 bits")]
    [InlineData("0affffffffffffffffff01", "goes past the end")]
    [InlineData("0200", "field number 0 at byte 0")]
    [InlineData("8080808010 00", "field number 536870912")]
    [InlineData("7b08017400", "is closed by")]
    [InlineData("7b0801", "cut off")]
    [InlineData("7c", "wire type 4")]
    [InlineData("1e", "wire type 6")]
    [InlineData("7900", "8 bytes at byte 1 go past the end")]
    [InlineData("1a021aff", "of the version")]
    [InlineData("1a0422020aff", "of the parent")]
    public void Parse_MalformedInput_NamesWhatAndWhere(string hex, string expected)
    {
        var input = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

        var error = Assert.Throws<HonuCorruptionException>(() => GoObject.Parse(input));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(GoObject.MaxDepth, true)]
    [InlineData(GoObject.MaxDepth + 1, false)]
    public void TryParse_NestedParents_StopsAtTheLimit(int depth, bool accepted)
    {
        byte[] message = [];
        for (var level = 1; level < depth; level++)
            message = [0x22, .. Varint(message.Length), .. message];
        message = [0x1A, .. Varint(message.Length), .. message];

        var found = GoObject.TryParse(message, out var parsed, out _);

        Assert.Equal(accepted, found);
        if (accepted)
            Assert.Equal(message, parsed!.ToArray());
    }

    [Fact]
    public void Write_MoreAncestorsThanTheLimit_WritesNothing()
    {
        var version = new GoVersion();
        for (var level = 0; level < GoObject.MaxDepth; level++)
            version = new GoVersion { Parent = version };
        var destination = new ArrayBufferWriter<byte>();

        Assert.Throws<ArgumentException>(() => new GoObject { Version = version }.WriteTo(destination));

        Assert.Equal(0, destination.WrittenCount);
    }

    [Fact]
    public void Write_NamespaceWithUnpairedSurrogate_Throws() =>
        Assert.ThrowsAny<ArgumentException>(() => new GoObject { Namespace = "a\uD800" }.ToArray());

    [Fact]
    public void Parse_KnownFieldWithOtherWireType_IsKeptAsUnknown()
    {
        byte[] encoded = [0x08, 0x05, 0x52, 0x01, 0x64];

        var parsed = GoObject.Parse(encoded);

        Assert.Equal(0, parsed.Key.Length);
        Assert.Equal([0x08, 0x05], parsed.UnknownFields.ToArray());
        Assert.Equal([0x52, 0x01, 0x64, 0x08, 0x05], parsed.ToArray());
    }

    [Fact]
    public void GetStorageKey_NamespacesWithColons_AreAmbiguousAsInGo()
    {
        var first = new GoObject { Namespace = "people", Key = "x::1"u8.ToArray() };
        var second = new GoObject { Namespace = "people::x", Key = "1"u8.ToArray() };

        Assert.Equal(first.GetStorageKey(), second.GetStorageKey());
        Assert.Equal("people::x::1"u8, first.GetStorageKey());
    }

    private static void AssertAnswer(Dictionary<string, GoObject> raw, string space, JsonElement answer, string valueProperty)
    {
        var key = answer.GetProperty("key").GetBytesFromBase64();
        var diskKey = Convert.ToBase64String(new GoObject { Namespace = space, Key = key }.GetStorageKey());
        var stored = raw.GetValueOrDefault(diskKey);
        if (answer.GetProperty("object").ValueKind == JsonValueKind.Null)
        {
            Assert.Null(stored);
            return;
        }

        Assert.NotNull(stored);
        GoFixtures.AssertSame(answer.GetProperty("object"), stored, diskKey);
        var value = answer.GetProperty(valueProperty);
        if (value.ValueKind != JsonValueKind.Null)
            Assert.Equal(value.GetBytesFromBase64(), stored.Data.ToArray());
        else
            Assert.True(stored.Version!.Tombstone || stored.Data.IsEmpty);
    }

    private static byte[] Varint(int value) => value < 0x80 ? [(byte)value] : [(byte)(value | 0x80), (byte)(value >> 7)];

    private static GoObject SampleObject() => new()
    {
        Key = "user/1"u8.ToArray(),
        Namespace = "people::x 🐢",
        Region = "eu",
        Owner = "9:n",
        Data = "some data"u8.ToArray(),
        Version = new GoVersion { Pid = 300, Version = ulong.MaxValue, Region = "eu", Parent = new GoVersion { Pid = 1, Version = 2, Tombstone = true } },
    };
}

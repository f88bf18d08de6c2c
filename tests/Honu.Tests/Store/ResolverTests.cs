using System.Buffers;
using System.Text;
using System.Text.Json;
using Honu.TestKit;

namespace Honu.Tests.Store;

/// <summary>The resolvers that come with Honu, as functions of two sides.</summary>
public sealed class ResolverTests
{
    private static readonly VersionId Early = new(5, new ReplicaId(1, 0));
    private static readonly VersionId Late = new(7, new ReplicaId(2, 0));

    public static TheoryData<string> Merging => ["counter", "set", "json", "larger"];

    // Merges in every order and grouping come to the same bytes: random versions, merged along random trees with repetitions.
    [Theory]
    [MemberData(nameof(Merging))]
    public void Resolve_RandomVersionsInRandomOrder_ComesToTheSame(string kind) => Seeds.Run(usualSeed: 1, usualRuns: 300, seed =>
    {
        var random = new Random(seed);
        var (resolver, make) = Of(kind);
        var sides = Enumerable.Range(0, random.Next(2, 7)).Select(i => MakeSide(random, make, scalar: (ulong)i + 1)).ToList();

        var expected = Canonical(kind, MergeAll(resolver, sides));
        for (var round = 0; round < 5; round++)
        {
            var forest = sides.Concat(sides.Where(_ => random.Next(3) == 0)).OrderBy(_ => random.Next()).ToList();
            while (forest.Count > 1)
            {
                var (one, other) = (random.Next(forest.Count), random.Next(forest.Count - 1));
                other += other >= one ? 1 : 0;
                var merged = Merge(resolver, forest[one], forest[other]);
                forest = [.. forest.Where((_, i) => i != one && i != other), merged];
            }

            Assert.Equal(expected, Canonical(kind, forest[0]));
        }
    });

    [Theory]
    [MemberData(nameof(Merging))]
    public void Resolve_ADeletion_LosesAgainstAConcurrentChange(string kind)
    {
        var (resolver, make) = Of(kind);
        var value = make(new Random(1), Early);

        foreach (var (live, dead) in new[] { (Early, Late), (Late, Early) })
        {
            var merged = MergeSides(resolver, new Side(live, false, value), new Side(dead, true, []));
            Assert.False(merged.IsDeleted);
        }
    }

    [Theory]
    [InlineData("counter")]
    [InlineData("set")]
    [InlineData("json")]
    public void Resolve_AValueOfAnotherKind_Throws(string kind)
    {
        var (resolver, make) = Of(kind);
        var good = make(new Random(1), Early);

        foreach (var bad in new byte[][] { [], [9], [1, 0, 0], [1, 255, 255, 255, 255], "[1]"u8.ToArray(), "{\"a\":1,\"$versions\":{\"a\":\"x\"}}"u8.ToArray(), "{\"a\":1,\"$versions\":7}"u8.ToArray() })
        {
            Assert.Throws<FormatException>(() => Merge(resolver, new Side(Late, false, good), new Side(Early, false, bad)));
            Assert.Throws<FormatException>(() => Merge(resolver, new Side(Late, false, bad), new Side(Early, false, good)));
        }
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"b":2}""", """{"a":1,"b":2,"$versions":{"a":"7@2.0","b":"5@1.0"}}""")]
    [InlineData("""{"b":1}""", """{"a":0,"b":2}""", """{"a":0,"b":1,"$versions":{"a":"5@1.0","b":"7@2.0"}}""")]
    [InlineData("""{"a":1,"$versions":{"a":"2@3.0"}}""", """{"a":2}""", """{"a":2,"$versions":{"a":"5@1.0"}}""")]
    [InlineData("""{"ä\"":{"x": 1}}""", """{"a":null}""", """{"a":null,"ä\"":{"x": 1},"$versions":{"a":"5@1.0","ä\"":"7@2.0"}}""")]
    public void JsonFieldMerge_OfEachField_TakesTheLater(string late, string early, string merged)
    {
        var result = Merge(JsonFieldMerge.Instance, Json(Late, late), Json(Early, early));

        Assert.Equal(merged, Encoding.UTF8.GetString(result.Value));
    }

    [Theory]
    [InlineData("""{"a":1,"b":2}""", """{"a":3}""")]
    [InlineData("""{ "a" : 1 }""", """{}""")]
    public void JsonFieldMerge_LoserHasNothingToAdd_KeepsTheWinnerAsItIs(string late, string early)
    {
        var winner = Json(Late, late);

        Assert.Equal(ConflictResolution.KeepWinner, Resolve(JsonFieldMerge.Instance, winner, Json(Early, early), out _));
    }

    [Fact]
    public void JsonFieldMerge_Set_KeepsTheVersionsOfTheOtherFields()
    {
        using var store = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 1, Clock = VersionClock.Lamport });
        var ns = store.Namespace("json");

        ns.Put("k"u8, """{"a":1,"b":1}"""u8);
        JsonFieldMerge.Set(ns, "k"u8, """{"b":2}"""u8);
        Assert.Equal("""{"a":1,"b":2,"$versions":{"a":"1@1.0"}}""", Encoding.UTF8.GetString(ns.Get("k"u8)!));
        JsonFieldMerge.Set(ns, "k"u8, """{"a":3,"c":null}"""u8);
        Assert.Equal("""{"a":3,"b":2,"c":null,"$versions":{"b":"2@1.0"}}""", Encoding.UTF8.GetString(ns.Get("k"u8)!));

        Assert.Throws<FormatException>(() => JsonFieldMerge.Set(ns, "k"u8, """{"$versions":{}}"""u8));
        Assert.Throws<FormatException>(() => JsonFieldMerge.Set(ns, "k"u8, "[]"u8));
        JsonFieldMerge.Set(ns, "new"u8, """{"a":1}"""u8);
        Assert.Equal("""{"a":1}""", Encoding.UTF8.GetString(ns.Get("new"u8)!));
    }

    [Fact]
    public void Counter_AddAndRead_CountInThisReplicasPart()
    {
        using var store = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 1 });
        var ns = store.Namespace("counters");

        Assert.Equal(0, Counter.Read(ns, "k"u8).Total);
        Assert.Equal(5, Counter.Add(ns, "k"u8, 5).Total);
        Assert.Equal(-2, Counter.Add(ns, "k"u8, -7).Total);

        Assert.Equal(-2, Counter.Read(ns, "k"u8).Total);
        Assert.Equal(1, Counter.Read(ns, "k"u8).Replicas);
        store.Namespace("counters").Put("text"u8, "12"u8);
        Assert.Throws<FormatException>(() => Counter.Read(ns, "text"u8));
        Assert.Throws<FormatException>(() => Counter.Add(ns, "text"u8, 1));
    }

    [Fact]
    public void CounterValue_AtTheEndsOfTheRange_ClampsItsTotalAndRefusesToOverflow()
    {
        var one = new ReplicaId(1, 0);
        var full = CounterValue.Zero.Add(one, long.MaxValue).Add(one, long.MaxValue).Add(one, 1);

        Assert.Equal(long.MaxValue, full.Total);
        Assert.Throws<OverflowException>(() => full.Add(one, 1));
        Assert.Equal(long.MaxValue, full.Add(one, long.MinValue).Add(new ReplicaId(2, 0), 1).Total);
        Assert.Equal(long.MinValue, CounterValue.Zero.Add(one, long.MinValue).Add(one, -1).Total);
        Assert.Equal(full.Total, CounterValue.Parse(full.ToArray()).Total);
    }

    [Fact]
    public void GrowOnlySet_Add_TellsWhatIsNewAndWritesNothingElse()
    {
        using var store = HonuStore.OpenInMemory();
        var ns = store.Namespace("sets");

        Assert.True(GrowOnlySet.Add(ns, "k"u8, "b"u8));
        Assert.True(GrowOnlySet.Add(ns, "k"u8, ""u8));
        ns.TryGetVersion("k"u8, out var before);
        Assert.False(GrowOnlySet.Add(ns, "k"u8, "b"u8));

        ns.TryGetVersion("k"u8, out var after);
        Assert.Equal(before, after);
        Assert.Equal(["", "b"], GrowOnlySet.Read(ns, "k"u8).Elements.Select(static element => Encoding.UTF8.GetString(element.Span)), StringComparer.Ordinal);
    }

    [Fact]
    public void Update_UnderContention_LosesNothing()
    {
        using var store = HonuStore.OpenInMemory();
        var ns = store.Namespace("counters");
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 500; i++)
                Counter.Add(ns, "k"u8, 1);
        })).ToList();

        threads.ForEach(static thread => thread.Start());
        Guard.Run(() => threads.ForEach(static thread => thread.Join()));

        Assert.Equal(2000, Counter.Read(ns, "k"u8).Total);
    }

    [Fact]
    public void Update_ThatSaysNo_WritesNothing()
    {
        using var store = HonuStore.OpenInMemory();

        Assert.True(store.Update("k"u8, static (in VersionedValue current, IBufferWriter<byte> _) => !current.IsDeleted).IsNone);
        Assert.False(store.TryGetVersion("k"u8, out _));
        var put = store.Put("k"u8, "v"u8);
        Assert.Equal(put, store.Update("k"u8, static (in VersionedValue current, IBufferWriter<byte> _) => current.IsDeleted));
    }

    [Fact]
    public void Open_ResolversWithNull_AreRefused()
    {
        var options = new HonuStoreOptions { Resolvers = new Dictionary<string, IConflictResolver>(StringComparer.Ordinal) { ["orders"] = null! } };

        Assert.Contains("orders", Assert.Single(HonuStoreOptionsValidator.Validate(options)), StringComparison.Ordinal);
        Assert.Single(HonuStoreOptionsValidator.Validate(new HonuStoreOptions { Resolvers = null! }));
    }

    [Fact]
    public void Resolvers_OfANamespace_GoBeforeTheDefault()
    {
        var options = new HonuStoreOptions { Resolver = Counter.Instance, Resolvers = new Dictionary<string, IConflictResolver>(StringComparer.Ordinal) { ["sets"] = GrowOnlySet.Instance } };

        Assert.Same(GrowOnlySet.Instance, options.ResolverOf("sets"));
        Assert.Same(Counter.Instance, options.ResolverOf("others"));
        Assert.Null(new HonuStoreOptions().ResolverOf("others"));
    }

    private static (IConflictResolver Resolver, Func<Random, VersionId, byte[]> Make) Of(string kind) => kind switch
    {
        "counter" => (Counter.Instance, static (random, _) =>
        {
            var value = CounterValue.Zero;
            for (var i = random.Next(5); i >= 0; i--)
                value = value.Add(new ReplicaId((uint)random.Next(1, 5), 0), random.Next(-20, 20));
            return value.ToArray();
        }
        ),
        "set" => (GrowOnlySet.Instance, static (random, _) =>
        {
            var value = GrowOnlySetValue.Empty;
            for (var i = random.Next(5); i >= 0; i--)
                value = value.Add(Encoding.UTF8.GetBytes(new string((char)('a' + random.Next(3)), random.Next(3))));
            return value.ToArray();
        }
        ),
        "larger" => (KeepLarger.Instance, static (random, _) => [.. Enumerable.Range(0, random.Next(4)).Select(_ => (byte)random.Next(3))]),
        _ => (JsonFieldMerge.Instance, static (random, version) =>
        {
            var fields = new string[] { "a", "b", "ü", "d" }.Where(_ => random.Next(2) == 0).ToList();
            var stamped = fields.Where(_ => random.Next(3) == 0).Select(name => $"\"{name}\":\"{(ulong)random.Next(1, (int)version.Scalar + 1)}@{random.Next(4, 6)}.0\"").ToList();
            var members = fields.Select(name => $"\"{name}\":{random.Next(4)}").ToList();
            if (stamped.Count > 0)
                members.Insert(random.Next(members.Count + 1), $"\"$versions\":{{{string.Join(", ", stamped)}}}");
            return Encoding.UTF8.GetBytes("{ " + string.Join(" , ", members) + " }");
        }
        ),
    };

    private static Side MakeSide(Random random, Func<Random, VersionId, byte[]> make, ulong scalar)
    {
        var version = new VersionId(scalar, new ReplicaId((uint)random.Next(1, 4), 0));
        return random.Next(8) == 0 ? new Side(version, IsDeleted: true, []) : new Side(version, IsDeleted: false, make(random, version));
    }

    private static Side MergeAll(IConflictResolver resolver, List<Side> sides) => sides.Aggregate((one, other) => Merge(resolver, one, other));

    // As the store does it: equal contents are no conflict, and a merge is a new version above both.
    private static Side Merge(IConflictResolver resolver, Side one, Side other)
    {
        if (one.IsDeleted == other.IsDeleted && one.Value.AsSpan().SequenceEqual(other.Value) && one.Version == other.Version)
            return one;
        if (one.IsDeleted && other.IsDeleted)
            return VersionOrder.Wins(one.Version, other.Version) ? one : other;
        return MergeSides(resolver, one, other);
    }

    private static Side MergeSides(IConflictResolver resolver, Side one, Side other)
    {
        var (winner, loser) = VersionOrder.Wins(one.Version, other.Version) ? (one, other) : (other, one);
        return Resolve(resolver, winner, loser, out var merged) switch
        {
            ConflictResolution.KeepWinner => winner,
            ConflictResolution.KeepLoser => loser with { Version = Above(winner) },
            ConflictResolution.Merge => new Side(Above(winner), IsDeleted: false, merged),
            var unexpected => throw new InvalidOperationException($"{unexpected}"),
        };
    }

    private static VersionId Above(Side winner) => winner.Version with { Scalar = winner.Version.Scalar + 100 };

    private static ConflictResolution Resolve(IConflictResolver resolver, Side winner, Side loser, out byte[] merged)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var resolution = resolver.Resolve(new ConflictContext("ns", "k"u8, winner.View(), loser.View()), buffer);
        merged = buffer.WrittenSpan.ToArray();
        return resolution;
    }

    // Json may stand in its writer's form or in the merged one: compared are fields with their versions, whoever names those.
    private static string Canonical(string kind, Side side)
    {
        if (kind != "json" || side.IsDeleted)
            return $"{side.IsDeleted} {Convert.ToHexString(side.Value)}";
        using var document = JsonDocument.Parse(side.Value);
        var root = document.RootElement;
        var stamps = root.TryGetProperty("$versions", out var found) ? found : default;
        var fields = root.EnumerateObject().Where(static member => member.Name != "$versions").OrderBy(static member => member.Name, StringComparer.Ordinal)
            .Select(member => $"{member.Name}={member.Value}@{(stamps.ValueKind == JsonValueKind.Object && stamps.TryGetProperty(member.Name, out var stamp) ? stamp.GetString() : side.Version.ToString())}");
        return string.Join(' ', fields);
    }

    private static Side Json(VersionId version, string value) => new(version, IsDeleted: false, Encoding.UTF8.GetBytes(value));

    private sealed record Side(VersionId Version, bool IsDeleted, byte[] Value)
    {
        public VersionedValue View() => new(Version, IsDeleted, Value);
    }
}

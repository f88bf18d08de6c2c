using System.Buffers;
using System.Text;
using System.Text.Json;
using Honu.TestKit;

namespace Honu.Replication.Tests.Traces;

/// <summary>T15 of docs/protocol.md and what belongs to it: who resolves, and that replicas with a merging resolver stop writing once the writers stop.</summary>
public sealed class ResolverTraces : IDisposable
{
    private readonly List<ScriptedReplica> _replicas = [];

    public void Dispose()
    {
        foreach (var replica in _replicas)
            replica.Dispose();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void T15_MergingResolver_StopsWritingOnceTheWritersStop(int replicas)
    {
        Open(replicas, GrowOnlySet.Instance);
        for (var round = 0; round < 5; round++)
        {
            foreach (var replica in _replicas)
                GrowOnlySet.Add(Ns(replica), "k"u8, [(byte)replica.Pid, (byte)round]);
            ScriptedSession.Complete(_replicas[round % replicas], _replicas[(round + 1) % replicas]);
        }

        AssertQuiet();

        Assert.All(_replicas, replica => Assert.Equal(5 * replicas, GrowOnlySet.Read(Ns(replica), "k"u8).Count));
    }

    [Fact]
    public void Fork_OriginOfTheLoserMeetsTheWinner_WritesTheMergeOnceAndOthersFollow()
    {
        Open(3, Counter.Instance);
        var (a, b, c) = (_replicas[0], _replicas[1], _replicas[2]);
        Counter.Add(Ns(a), "k"u8, 1);
        Counter.Add(Ns(b), "k"u8, 10); // loses: of equal scalars the lower pid wins
        Assert.Equal(a.VersionOf("k").Scalar, b.VersionOf("k").Scalar);

        var commits = new List<ScriptedReplica>();
        _replicas.ForEach(replica => replica.Store.Replication.LocalCommitted += (_, _) => commits.Add(replica));

        // C holds both before either of their writers meets the other's: it lists the conflict and writes nothing.
        ScriptedSession.Complete(c, a);
        ScriptedSession.Complete(c, b);
        var loser = Assert.Single(c.Store.Conflicts()).Loser.Id;
        Assert.Equal(b.Id, loser.Replica);
        Assert.Equal(a.Id, c.VersionOf("k").Replica);

        // The session with C, above, brought the winner to B.
        Assert.Equal(b.Id, b.VersionOf("k").Replica);
        Assert.True(b.VersionOf("k").Scalar > loser.Scalar);
        Assert.Equal(11, Counter.Read(Ns(b), "k"u8).Total);
        Assert.Empty(b.Store.Conflicts());
        Assert.Same(b, Assert.Single(commits)); // its peers are told as of any other write

        var merged = b.VersionOf("k");
        AssertQuiet();
        Assert.All(_replicas, replica => Assert.Equal(merged, replica.VersionOf("k")));
        Assert.All(_replicas, static replica => Assert.Empty(replica.Store.Conflicts()));
    }

    // A write covers every loser seen here (R14): one that had seen the winner alone would give up what the others hold.
    [Fact]
    public void Update_WhereALoserIsListed_KeepsWhatItHolds()
    {
        Open(3, Counter.Instance);
        var (a, b, c) = (_replicas[0], _replicas[1], _replicas[2]);
        Counter.Add(Ns(a), "k"u8, 1);
        Counter.Add(Ns(b), "k"u8, 10);
        ScriptedSession.Complete(c, a);
        ScriptedSession.Run(b, c, cutSender: c, cutAfterRecords: 0);
        Assert.Single(c.Store.Conflicts());
        Assert.Equal(1, CounterValue.Parse(c.Store.Get("k"u8)!).Total);

        Assert.Equal(11, Counter.Read(Ns(c), "k"u8).Total);
        Assert.Equal(111, Counter.Add(Ns(c), "k"u8, 100).Total);

        Assert.Empty(c.Store.Conflicts());
        AssertQuiet();
        Assert.All(_replicas, static replica => Assert.Equal(111, Counter.Read(Ns(replica), "k"u8).Total));
    }

    [Fact]
    public void Crash_BetweenApplyingAndResolving_ResolvedAtTheNextOpening()
    {
        var resolver = new Switchable();
        Open(2, resolver);
        var (a, b) = (_replicas[0], _replicas[1]);
        Counter.Add(Ns(a), "k"u8, 1);
        Counter.Add(Ns(b), "k"u8, 10);
        resolver.Fails = true;
        ScriptedSession.Complete(b, a);
        Assert.Single(b.Store.Conflicts());
        Assert.Equal(a.Id, b.VersionOf("k").Replica);
        Assert.True(b.Store.GetStatistics().ResolverFailures > 0);

        resolver.Fails = false;
        b.Kill();

        Assert.Empty(b.Store.Conflicts());
        Assert.Equal(11, Counter.Read(Ns(b), "k"u8).Total);
        AssertQuiet();
    }

    // Nobody else would ever resolve what was written under an epoch that has ended.
    [Fact]
    public void LoserOfAnEarlierEpoch_IsResolvedByTheSameStore()
    {
        Open(2, Counter.Instance);
        var (a, b) = (_replicas[0], _replicas[1]);
        Counter.Add(Ns(a), "k"u8, 1);
        Counter.Add(Ns(b), "k"u8, 10);
        b.Store.Replication.Barrier();
        var before = b.Id;
        b.LosePower();
        Assert.NotEqual(before, b.Id);

        ScriptedSession.Complete(b, a);

        Assert.Equal(b.Id, b.VersionOf("k").Replica);
        Assert.Equal(11, Counter.Read(Ns(b), "k"u8).Total);
    }

    [Theory]
    [InlineData("long", "longer")]
    [InlineData("longer", "long")]
    public void KeepLarger_WhoeverWroteIt_WinsEverywhereAndOnlyTheLosersOriginWrites(string first, string second)
    {
        Open(2, KeepLarger.Instance);
        var (a, b) = (_replicas[0], _replicas[1]);
        var winner = a.Put("k", first);
        b.Put("k", second);

        ScriptedSession.Complete(a, b);
        AssertQuiet();

        Assert.All(_replicas, static replica => Assert.Equal("longer", replica.Get("k")));
        Assert.All(_replicas, static replica => Assert.Empty(replica.Store.Conflicts()));
        Assert.Equal(first == "longer" ? winner.Replica : b.Id, a.VersionOf("k").Replica);
    }

    [Fact]
    public void LastWriterWins_SettlesWithoutWriting()
    {
        Open(2, LastWriterWins.Instance);
        var winner = _replicas[0].Put("k", "one");
        _replicas[1].Put("k", "two");

        AssertQuiet();

        Assert.All(_replicas, replica => Assert.Equal(winner, replica.VersionOf("k")));
        Assert.All(_replicas, static replica => Assert.Empty(replica.Store.Conflicts()));
    }

    [Fact]
    public void Delete_AsTheResult_DeletesEverywhere()
    {
        Open(2, new Deciding(static (_, _) => ConflictResolution.Delete));
        _replicas[0].Put("k", "one");
        _replicas[1].Put("k", "two");

        AssertQuiet();

        Assert.All(_replicas, static replica => Assert.Null(replica.Get("k")));
        Assert.All(_replicas, static replica => Assert.Empty(replica.Store.Conflicts()));
    }

    [Fact]
    public void TooLargeAResult_CountsAsFailureAndTheWinnerStays()
    {
        Open(2, new Deciding(static (_, result) =>
        {
            result.Write(new byte[StoreLimits.DefaultMaxValueBytes + 1]);
            return ConflictResolution.Merge;
        }));
        var winner = _replicas[0].Put("k", "one");
        _replicas[1].Put("k", "two");

        AssertQuiet();

        Assert.All(_replicas, replica => Assert.Equal(winner, replica.VersionOf("k")));
        Assert.All(_replicas, static replica => Assert.Single(replica.Store.Conflicts()));
        Assert.All(_replicas, static replica => Assert.True(replica.Store.GetStatistics().ResolverFailures > 0));
    }

    // It would deadlock if anything were held while a resolver runs.
    [Fact]
    public void Resolver_MayReadAndEvenWriteTheStore()
    {
        HonuStore? store = null;
        Open(2, new Deciding((_, result) =>
        {
            store!.Put("seen"u8, store.Get("k"u8));
            result.Write("merged"u8);
            return ConflictResolution.Merge;
        }));
        _replicas[0].Put("k", "one");
        _replicas[1].Put("k", "two");
        store = _replicas[1].Store;

        Guard.Run(() => ScriptedSession.Complete(_replicas[1], _replicas[0]));

        Assert.Equal("merged", _replicas[1].Get("k"));
        Assert.NotNull(_replicas[1].Get("seen"));
    }

    // The object changes while the resolver thinks: what it says of the old state must not count.
    [Fact]
    public void ObjectWrittenWhileTheResolverRuns_TheWriteStands()
    {
        HonuStore? store = null;
        Open(2, new Deciding((_, result) =>
        {
            store?.Put("k"u8, "by hand"u8);
            result.Write("merged"u8);
            return ConflictResolution.Merge;
        }));
        _replicas[0].Put("k", "one");
        _replicas[1].Put("k", "two");
        store = _replicas[1].Store;

        ScriptedSession.Complete(_replicas[1], _replicas[0]);

        Assert.Equal("by hand", _replicas[1].Get("k"));
        Assert.Empty(_replicas[1].Store.Conflicts());
    }

    [Fact]
    public void UndecidedLoser_KeepsTheOtherFromBeingWrittenOver()
    {
        Open(3, new Deciding(static (loser, result) =>
        {
            if (loser == "three")
                return ConflictResolution.Undecided;
            result.Write("merged"u8);
            return ConflictResolution.Merge;
        }));
        var winner = _replicas[0].Put("k", "one");
        _replicas[1].Put("k", "two");
        _replicas[2].Put("k", "three");
        ScriptedSession.Complete(_replicas[1], _replicas[2]);

        AssertQuiet();

        Assert.All(_replicas, replica => Assert.Equal(winner, replica.VersionOf("k")));
        Assert.Equal(2, _replicas[1].Store.Conflicts().Count);
    }

    // Counters under random increments, sessions, cut sessions, kills and power losses: no increment is lost or counted twice, and the writing ends.
    [Fact]
    public void Counters_UnderRandomSchedules_EndAtTheSumOfAllIncrements() => Seeds.Run(usualSeed: 1, usualRuns: 60, seed =>
    {
        var random = new Random(seed);
        Open(3, Counter.Instance);
        var sums = new long[3];
        Wander(random, replica =>
        {
            var key = random.Next(sums.Length);
            var delta = random.Next(-5, 20);
            Counter.Add(Ns(replica), [(byte)key], delta);
            sums[key] += delta;
        });

        AssertQuiet();
        for (var key = 0; key < sums.Length; key++)
        {
            foreach (var replica in _replicas)
                Assert.Equal(sums[key], Counter.Read(Ns(replica), [(byte)key]).Total);
        }

        Assert.All(_replicas, static replica => Assert.Empty(replica.Store.Conflicts()));
        Assert.All(_replicas, static replica => Assert.Equal(0, replica.Store.GetStatistics().ResolverFailures));
    });

    // What stands in a field in the end is what the latest of all writes of that field has set, wherever it was made.
    [Fact]
    public void JsonFields_UnderRandomSchedules_EndAtTheLastWriteOfEach() => Seeds.Run(usualSeed: 1, usualRuns: 30, seed =>
    {
        var random = new Random(seed);
        Open(3, JsonFieldMerge.Instance);
        var last = new Dictionary<string, (VersionId Version, int Value)>(StringComparer.Ordinal);
        var writes = 0;
        Wander(random, replica =>
        {
            var name = $"f{random.Next(4)}";
            var version = JsonFieldMerge.Set(Ns(replica), "k"u8, Encoding.UTF8.GetBytes($"{{\"{name}\":{++writes}}}")).Id;
            if (!last.TryGetValue(name, out var known) || VersionOrder.Wins(version, known.Version))
                last[name] = (version, writes);
        });

        AssertQuiet();
        foreach (var replica in _replicas)
        {
            using var document = JsonDocument.Parse(replica.Get("k") ?? "{}");
            var fields = document.RootElement.EnumerateObject().Where(static field => field.Name != "$versions").ToDictionary(static field => field.Name, static field => field.Value.GetInt32(), StringComparer.Ordinal);
            Assert.Equal(last.ToDictionary(static pair => pair.Key, static pair => pair.Value.Value, StringComparer.Ordinal), fields);
        }
    });

    // Plain puts and deletions, whatever the resolver makes of them: equal everywhere in the end, and nobody writes any more.
    [Theory]
    [InlineData("larger")]
    [InlineData("last")]
    [InlineData("json")]
    public void PlainWrites_UnderRandomSchedules_GoQuietAndEqual(string resolver) => Seeds.Run(usualSeed: 1, usualRuns: 20, seed =>
    {
        var random = new Random(seed);
        Open(3, resolver switch { "larger" => KeepLarger.Instance, "last" => LastWriterWins.Instance, _ => JsonFieldMerge.Instance });
        Wander(random, replica =>
        {
            if (random.Next(4) > 0)
                replica.Put("k", $"{{\"f{random.Next(3)}\":{random.Next(100)},\"f{random.Next(3, 6)}\":{random.Next(100)}}}");
            else
                replica.Store.Delete("k"u8);
        });

        AssertQuiet();
        Assert.All(_replicas, replica => Assert.Equal(_replicas[0].Get("k"), replica.Get("k")));
    });

    // The version that is current does not change then, but a write that has not seen the loser would cover it.
    [Fact]
    public void Update_LoserArrivesMeanwhile_IsMergedToo()
    {
        Open(3, Counter.Instance);
        var (a, b, c) = (_replicas[0], _replicas[1], _replicas[2]);
        Counter.Add(Ns(a), "k"u8, 1);
        Counter.Add(Ns(b), "k"u8, 10);
        ScriptedSession.Complete(c, a);
        var calls = 0;

        Ns(c).Update("k"u8, (in VersionedValue current, IBufferWriter<byte> next) =>
        {
            if (calls++ == 0)
                ScriptedSession.Run(b, c, cutSender: c, cutAfterRecords: 0);
            next.Write(CounterValue.Parse(current.Value).Add(c.Id, 100).ToArray());
            return true;
        });

        Assert.Equal((2, 111), (calls, Counter.Read(Ns(c), "k"u8).Total));
    }

    // Writes, sessions whole and cut, kills and power losses in random order.
    private void Wander(Random random, Action<ScriptedReplica> write)
    {
        for (var step = 0; step < 80; step++)
        {
            var replica = _replicas[random.Next(3)];
            var other = _replicas[(_replicas.IndexOf(replica) + random.Next(1, 3)) % 3];
            switch (random.Next(10))
            {
                case < 5:
                    write(replica);
                    break;
                case < 7:
                    ScriptedSession.Complete(replica, other);
                    break;
                case < 9:
                    ScriptedSession.Run(replica, other, cutSender: random.Next(2) == 0 ? replica : other, cutAfterRecords: random.Next(3));
                    break;
                default:
                    // What was acknowledged as flushed only may go with the power; then the sum would be another one.
                    if (random.Next(2) == 0)
                    {
                        replica.Store.Replication.Barrier();
                        replica.LosePower();
                    }
                    else
                    {
                        replica.Kill();
                    }

                    break;
            }
        }
    }

    // All meet all until nothing is left to say; then another round must find every pair equal, and no version more.
    private void AssertQuiet()
    {
        for (var round = 0; round < _replicas.Count + 1; round++)
            MeetAll();
        var before = _replicas.ConvertAll(static replica => replica.Vector);

        Assert.All(MeetAll(), static session => Assert.Equal(SyncOutcome.Equal, session.Report!.Outcome));
        Assert.Equal(before, _replicas.ConvertAll(static replica => replica.Vector));
    }

    private List<ScriptedSession> MeetAll() =>
        [.. from one in _replicas from other in _replicas where one != other select ScriptedSession.Complete(one, other)];

    private void Open(int replicas, IConflictResolver resolver)
    {
        Dispose();
        _replicas.Clear();
        for (var pid = 1U; pid <= replicas; pid++)
            _replicas.Add(new ScriptedReplica(pid, resolver: resolver));
    }

    private static HonuNamespace Ns(ScriptedReplica replica) => replica.Store.Namespace(ScriptedReplica.Ns);

    private sealed class Switchable : IConflictResolver
    {
        public bool Fails { get; set; }

        public ConflictResolution Resolve(in ConflictContext conflict, IBufferWriter<byte> result) =>
            Fails ? throw new InvalidOperationException("As the test wants it.") : Counter.Instance.Resolve(conflict, result);
    }

    private sealed class Deciding(Func<string, IBufferWriter<byte>, ConflictResolution> decide) : IConflictResolver
    {
        public ConflictResolution Resolve(in ConflictContext conflict, IBufferWriter<byte> result) =>
            decide(Encoding.UTF8.GetString(conflict.Loser.Value), result);
    }
}

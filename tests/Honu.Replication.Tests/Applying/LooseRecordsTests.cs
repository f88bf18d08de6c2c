using System.Globalization;
using Honu.Replication.Tests.Traces;
using Honu.TestKit;

namespace Honu.Replication.Tests.Applying;

/// <summary>What is held and not covered: a join counts it anew, at a cost that does not grow with what it need not look at.</summary>
public sealed class LooseRecordsTests : IDisposable
{
    private const string Ns = ScriptedReplica.Ns;
    private const int Many = 2000;

    // A join looks at a few entries before it walks both ways.
    private const int FewReads = 400;

    private static readonly ReplicaId Sender = new(2, 0);

    private readonly ScriptedReplica _a = new(1);

    public void Dispose() => _a.Dispose();

    [Fact]
    public void Apply_AJoinThatCoversManyRecords_DoesNotLookThemUpOneByOne()
    {
        ReceiveLoose(Many);
        var before = _a.Disk.Reads;

        Assert.True(Join(0, Many).Joined);

        Assert.Equal(0, _a.LooseRecords);
        Assert.InRange(_a.Disk.Reads - before, 1, FewReads);
    }

    [Fact]
    public void Apply_AJoinThatLeavesManyRecordsLoose_DoesNotLookThemUpOneByOne()
    {
        ReceiveLoose(Many);
        var before = _a.Disk.Reads;

        Assert.True(Join(Many / 2, (Many / 2) + 1).Joined);

        Assert.Equal(Many - 1, _a.LooseRecords);
        Assert.InRange(_a.Disk.Reads - before, 1, FewReads);
    }

    [Fact]
    public void Apply_AnyRecordsAndJoins_SumUpTheSameRecordsAsAStoreThatIsOpened() => Seeds.Run(usualSeed: 700, usualRuns: 20, static seed =>
    {
        var random = new Random(seed);
        using var replica = new ScriptedReplica(1);
        for (var step = 0; step < 60; step++)
        {
            if (random.Next(5) == 0)
                replica.Put(KeyOf(random.Next(150)), "own");
            var origin = random.Next(2, 5);
            var records = Enumerable.Range(0, random.Next(120)).Select(_ => random.Next(1, 400)).Distinct().Select(scalar => new RecordBuilder(KeyOf(scalar * origin % 150)).At((ulong)scalar, (uint)origin)).ToArray();
            var join = new VersionVector();
            for (var interval = random.Next(4); interval > 0; interval--)
            {
                var from = (ulong)random.Next(400);
                join.TryCover(new ReplicaId((uint)random.Next(2, 5), 0), random.Next(3) == 0 ? 0 : from, from + (ulong)random.Next(1, 100));
            }

            replica.Store.Replication.Apply(Ns, RecordBuilder.Block(records), cursor: null, join.Count == 0 ? null : new VectorJoin(new VersionVector(), join));
            var kept = Convert.ToHexString(replica.Store.Replication.Summaries()[Ns]);
            replica.Kill();

            Assert.Equal(Convert.ToHexString(replica.Store.Replication.Summaries()[Ns]), kept);
        }
    });

    private static string KeyOf(int i) => i.ToString(CultureInfo.InvariantCulture);

    private void ReceiveLoose(int count)
    {
        var records = Enumerable.Range(1, count).Select(static i => new RecordBuilder(KeyOf(i)).At((ulong)i, Sender.Pid)).ToArray();
        _a.Store.Replication.Apply(Ns, RecordBuilder.Block(records), cursor: null, join: null);
        Assert.Equal(count, _a.LooseRecords);
    }

    private ApplyResult Join(int from, int to)
    {
        var target = new VersionVector();
        target.TryCover(Sender, (ulong)from, (ulong)to);
        return _a.Store.Replication.Apply(Ns, [], cursor: null, new VectorJoin(new VersionVector(), target));
    }
}

using Honu.Format;
using Honu.Replication.Tests.Applying;
using Honu.TestKit;

namespace Honu.Replication.Tests.Deferring;

/// <summary>Records that pass their checksum and that a store cannot hold: kept, counted as held, passed on, retried, discarded; and they keep nothing else from coming.</summary>
public sealed class QuarantineTests : IDisposable
{
    private const string Ns = HonuStore.DefaultNamespace;
    private const string Long = "longer than ten bytes";

    private readonly FaultyDisk _disk = new();
    private HonuStore _small;

    public QuarantineTests() => _small = Open(maxValueBytes: 10);

    public void Dispose() => _small.Dispose();

    private NamespaceReplication State => _small.Replication.State(Ns);

    [Fact]
    public void Apply_ValueAboveTheLimit_IsKeptAndTheRestComes()
    {
        var result = Apply(join: true, Poison("a"), new RecordBuilder("b").At(2, 2));

        Assert.Equal((1, 1L, 2L, true), (result.Quarantined, result.Updates.Total, result.Records, result.Joined));
        Assert.Null(_small.Get("a"u8));
        Assert.Equal("v"u8.ToArray(), _small.Get("b"u8));
        Assert.Equal((1L, 0L), (State.Quarantined, State.LooseRecords));
        Assert.True(State.Vector.Covers(new VersionId(1, new ReplicaId(2, 0))));
        var listed = Assert.Single(_small.Replication.Quarantined(Ns));
        Assert.Equal("a"u8.ToArray(), listed.Key.ToArray());
        Assert.Equal(Long.Length, listed.Bytes);
        Assert.Contains("MaxValueBytes", listed.Reason, StringComparison.Ordinal);
        Assert.True(_small.Put("c"u8, "v"u8).Id.Scalar > 2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Stream_PassesTheRecordOn(bool isCovered)
    {
        Apply(isCovered, Poison("a"));
        _small = Open(maxValueBytes: 10);
        Assert.Equal(isCovered ? 0 : 1, State.LooseRecords);
        using var other = HonuStore.OpenInMemory(new HonuStoreOptions { Clock = VersionClock.Lamport });

        var block = new RecordBlockWriter();
        using (var snapshot = _small.Replication.CreateSnapshot())
            snapshot.ReadUncovered(Ns, new VersionVector(), default, block, 100, 1 << 20);
        other.Replication.Apply(Ns, block.Bytes.Span, cursor: null, join: null);

        Assert.Equal(Long, System.Text.Encoding.UTF8.GetString(other.Get("a"u8)!));
    }

    [Fact]
    public void Retry_AfterTheLimitWasRaised_MakesAnObjectOfItThoughItIsCovered()
    {
        _small.Put("a"u8, "before"u8);
        Apply(join: true, Poison("a") with { Version = new VersionId(9, new ReplicaId(2, 0)) });
        Assert.Equal(0, _small.Replication.RetryQuarantined(Ns));
        Assert.Equal("before"u8.ToArray(), _small.Get("a"u8));
        _small = Open(maxValueBytes: 100);

        Assert.Equal(1, _small.Replication.RetryQuarantined(Ns));

        Assert.Equal(Long, System.Text.Encoding.UTF8.GetString(_small.Get("a"u8)!));
        Assert.Empty(_small.Replication.Quarantined(Ns));
        Assert.Equal((0L, 0L), (State.Quarantined, State.LooseRecords));
        AssertSound();
    }

    [Fact]
    public void Discard_TakesItOutAndLeavesTheObject()
    {
        _small.Put("a"u8, "before"u8);
        Apply(join: true, Poison("a") with { Version = new VersionId(9, new ReplicaId(2, 0)) });

        Assert.False(_small.Replication.DiscardQuarantined(Ns, "a"u8, new VersionId(8, new ReplicaId(2, 0))));
        Assert.True(_small.Replication.DiscardQuarantined(Ns, "a"u8, new VersionId(9, new ReplicaId(2, 0))));

        Assert.False(_small.Replication.DiscardQuarantined(Ns, "a"u8, new VersionId(9, new ReplicaId(2, 0))));
        Assert.Equal("before"u8.ToArray(), _small.Get("a"u8));
        Assert.Equal((0L, 0L), (State.Quarantined, State.LooseRecords));
        AssertSound();
    }

    [Theory]
    [InlineData("small", 0)]
    [InlineData("large", 1)]
    [InlineData("deleted", 0)]
    [InlineData("older", 1)]
    public void LaterRecord_OfTheSameKey_ReplacesItOrNot(string later, int left)
    {
        Apply(join: false, Poison("a") with { Version = new VersionId(5, new ReplicaId(2, 0)) });
        var next = new RecordBuilder("a").At(7, 2).After(5, 2);

        Apply(join: false, later switch
        {
            "small" => next,
            "large" => next.Saying(Long + Long),
            "deleted" => next.Deleted(),
            _ => new RecordBuilder("a").At(3, 2),
        });

        Assert.Equal(left, State.Quarantined);
        Assert.Equal(later == "large" ? 7UL : 5UL, _small.Replication.Quarantined(Ns) is [var held] ? held.Version.Id.Scalar : 5UL);
        Assert.Equal(later == "older" ? 2 : 1, State.LooseRecords);
        AssertSound();
    }

    // One that loses against what is here is of no use to anybody.
    [Fact]
    public void Apply_PoisonThatLoses_IsNotKept()
    {
        Apply(join: false, new RecordBuilder("a").At(9, 2));

        var result = Apply(join: false, Poison("a") with { Version = new VersionId(5, new ReplicaId(3, 0)) });

        Assert.Equal((0, 1L), (result.Quarantined, result.Records));
        Assert.Equal(0, State.Quarantined);
    }

    [Fact]
    public void Compact_KeepsItsPlaceInTheIndex()
    {
        Apply(join: true, Poison("a"));

        _small.Compact();

        AssertSound();
        using var snapshot = _small.Replication.CreateSnapshot();
        var block = new RecordBlockWriter();
        snapshot.ReadUncovered(Ns, new VersionVector(), default, block, 100, 1 << 20);
        Assert.Equal(1, block.Count);
    }

    [Fact]
    public void DropNamespace_TakesItAlong()
    {
        Apply(join: true, Poison("a"));

        _small.DropNamespace(Ns);

        Assert.Empty(_small.Replication.Quarantined(Ns));
        Apply(join: false, new RecordBuilder("b").At(2, 2));
        Assert.Equal(0, State.Quarantined);
        Assert.Equal(0, _small.Verify().ProblemCount);
    }

    [Fact]
    public void Apply_MoreThanTheLimit_IsRefusedForNowAndNothingChanges()
    {
        var records = Enumerable.Range(1, 1001).Select(static i => Poison($"k{i}") with { Version = new VersionId((ulong)i, new ReplicaId(2, 0)) }).ToArray();
        var before = _disk.Fingerprint();

        var error = Assert.Throws<HonuException>(() => Apply(join: false, records));

        Assert.Equal(HonuErrorCode.LimitExceeded, error.Code);
        Assert.Equal(before, _disk.Fingerprint());
        Assert.Equal(1000, Apply(join: false, records[..1000]).Quarantined);
    }

    private static RecordBuilder Poison(string key) => new RecordBuilder(key).At(1, 2).Saying(Long);

    private ApplyResult Apply(bool join, params RecordBuilder[] records)
    {
        var target = new VersionVector();
        target.Advance(new ReplicaId(2, 0), records.Max(static record => record.Version.Scalar));
        return _small.Replication.Apply(Ns, RecordBuilder.Block(records), cursor: null, join ? new VectorJoin(new VersionVector(), target) : null);
    }

    // What is counted is what a restart counts anew, and every row is known.
    private void AssertSound()
    {
        var before = (Summary(), State.LooseRecords, State.Quarantined);
        var report = _small.Verify();
        Assert.Equal((0L, 0L), (report.ProblemCount, report.UnknownEntries));
        _small.Dispose();
        _small = Open(_small.Replication.MaxValueBytes);
        Assert.Equal(before, (Summary(), State.LooseRecords, State.Quarantined));
    }

    private string Summary() => Convert.ToHexString(_small.Replication.Summaries()[Ns]);

    private HonuStore Open(int maxValueBytes) => HonuStore.Open("small", new HonuStoreOptions { Engine = _disk, Pid = 1, Clock = VersionClock.Lamport, MaxValueBytes = maxValueBytes, Environment = new StoreEnvironment { BootId = "boot" } });
}

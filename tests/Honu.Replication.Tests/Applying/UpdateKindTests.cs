using System.Text;
using Honu.Format;
using Honu.TestKit;

namespace Honu.Replication.Tests.Applying;

/// <summary>What an incoming version is to the current one, told by the causal context alone; replica 1 is the receiver.</summary>
public sealed class UpdateKindTests : IDisposable
{
    private const string Ns = HonuStore.DefaultNamespace;

    private static readonly RecordBuilder First = new RecordBuilder("k").At(10, 2);

    private readonly HonuStore _store = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 1, Clock = VersionClock.Lamport });

    public void Dispose() => Guard.Run(_store.Dispose);

    [Fact]
    public void Apply_SameRecordTwice_IsDuplicate()
    {
        Apply(First);

        Assert.Equal(UpdateKind.Duplicate, Apply(First));
        Assert.Single(History());
    }

    [Fact]
    public void Apply_FirstVersionOfAnUnknownKey_IsLinear() => Assert.Equal(UpdateKind.Linear, Apply(First));

    [Fact]
    public void Apply_LaterVersionOfAnUnknownKey_IsSkip() => Assert.Equal(UpdateKind.Skip, Apply(First.After(3, 2)));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Apply_ChildOfTheCurrent_IsLinear(uint writer)
    {
        Apply(First);

        Assert.Equal(UpdateKind.Linear, Apply(First.At(11, writer).After(10, 2).Saying("next")));
        Assert.Equal("next", Value());
        Assert.False(HasConflict());
    }

    [Fact]
    public void Apply_GrandchildOfTheCurrent_IsSkip()
    {
        Apply(First);

        Assert.Equal(UpdateKind.Skip, Apply(First.At(30, 3).After(20, 4).Knowing((10, 2), (20, 4)).Saying("later")));
        Assert.Equal("later", Value());
        Assert.False(HasConflict());
    }

    [Fact]
    public void Apply_AncestorOfTheCurrent_IsStale()
    {
        Apply(First.At(30, 3).After(20, 4).Knowing((10, 2), (20, 4)));

        Assert.Equal(UpdateKind.Stale, Apply(First));
        Assert.Equal(UpdateKind.Stale, Apply(First.At(20, 4).After(10, 2)));
        Assert.Equal(30UL, Current().Scalar);
        Assert.False(HasConflict());
    }

    [Fact]
    public void Apply_ConcurrentWithALaterScalar_StompsAndKeepsTheLoser()
    {
        Apply(First.Saying("mine"));

        Assert.Equal(UpdateKind.Stomp, Apply(First.At(11, 3).Saying("theirs")));
        Assert.Equal("theirs", Value());
        var loser = Assert.Single(History(), static entry => entry.LostConflict);
        Assert.Equal("mine", Encoding.UTF8.GetString(loser.Value.Span));
    }

    [Fact]
    public void Apply_ConcurrentWithAnEarlierScalar_IsStompedAndKept()
    {
        Apply(First.Saying("mine"));

        Assert.Equal(UpdateKind.Stomped, Apply(First.At(9, 3).Saying("theirs")));
        Assert.Equal("mine", Value());
        var loser = Assert.Single(History(), static entry => entry.LostConflict);
        Assert.Equal("theirs", Encoding.UTF8.GetString(loser.Value.Span));
    }

    // A scalar says nothing of descent: a later write that did not see ours is a conflict, an earlier-looking parent chain is none.
    [Fact]
    public void Apply_LaterScalarFromAnotherParent_IsAConflict()
    {
        Apply(First.At(5, 3));
        Apply(First.At(10, 2).After(5, 3));

        Assert.Equal(UpdateKind.Stomp, Apply(First.At(50, 4).After(5, 3).Saying("fork")));
    }

    [Theory]
    [InlineData(2, 3, UpdateKind.Stomped)]
    [InlineData(3, 2, UpdateKind.Stomp)]
    public void Apply_EqualScalars_LowerPidWins(uint current, uint incoming, UpdateKind kind)
    {
        Apply(First.At(10, current));

        Assert.Equal(kind, Apply(First.At(10, incoming)));
        Assert.Equal(2u, Current().Replica.Pid);
    }

    [Fact]
    public void Apply_ConcurrentDeletion_IsAForkLikeAnyOther()
    {
        Apply(First.At(5, 3));
        Apply(First.At(10, 2).After(5, 3));

        Assert.Equal(UpdateKind.Stomp, Apply(First.At(11, 4).After(5, 3).Deleted()));
        Assert.Null(Value());
        Assert.Equal(UpdateKind.Stale, Apply(First.At(5, 3)));
        Assert.Null(Value());
    }

    [Fact]
    public void Apply_LoserOfAForkAgain_IsStale()
    {
        Apply(First);
        Apply(First.At(9, 3).Saying("loser"));

        Assert.Equal(UpdateKind.Stale, Apply(First.At(9, 3).Saying("loser")));
        Assert.Single(History(), static entry => entry.LostConflict);
    }

    [Fact]
    public void Put_AfterAFork_SucceedsBothSides()
    {
        Apply(First);
        Apply(First.At(9, 3));
        var next = _store.Put("k"u8, "both"u8).Id;
        var block = new RecordBlockWriter();
        using (var snapshot = _store.Replication.CreateSnapshot())
            snapshot.ReadUncovered(Ns, new VersionVector(), default, block, 10, 1 << 20);
        foreach (var side in new[] { First, First.At(9, 3) })
        {
            using var other = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 8, Clock = VersionClock.Lamport });
            other.Replication.Apply(Ns, RecordBuilder.Block(side), cursor: null, join: null);

            var result = other.Replication.Apply(Ns, block.Bytes.Span, cursor: null, join: null);

            Assert.Equal(0, result.Updates[UpdateKind.Stomp] + result.Updates[UpdateKind.Stomped]);
            other.TryGetVersion("k"u8, out var version);
            Assert.Equal(next, version.Id);
        }
    }

    [Fact]
    public void Apply_SameVersionWithOtherBytes_IsEquivocationAndEveryReplicaKeepsTheSame()
    {
        using var other = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 8, Clock = VersionClock.Lamport });
        var (one, two) = (First.Saying("one"), First.Saying("two"));
        Apply(one);
        other.Replication.Apply(Ns, RecordBuilder.Block(two), cursor: null, join: null);

        var here = Apply(two);
        var there = other.Replication.Apply(Ns, RecordBuilder.Block(one), cursor: null, join: null);

        Assert.Equal(UpdateKind.Equivocation, here);
        Assert.Equal(1, there.Updates[UpdateKind.Equivocation]);
        Assert.Equal(_store.Get("k"u8), other.Get("k"u8));
    }

    [Fact]
    public void Apply_TwoRecordsOfOneKeyInOneChunk_SecondSeesTheFirst()
    {
        var result = _store.Replication.Apply(Ns, RecordBuilder.Block(First, new RecordBuilder("other").At(11, 2), First.At(12, 3).After(10, 2).Saying("second")), cursor: null, join: null);

        Assert.Equal(3, result.Updates[UpdateKind.Linear]);
        Assert.Equal("second", Value());
        Assert.Equal(2, History().Count);
        Assert.Equal(2, _store.Replication.State(Ns).LooseRecords);
    }

    [Fact]
    public void Apply_TwoForksOfOneKeyInOneChunk_LaterWinsInEitherOrder()
    {
        var (low, high) = (First.Saying("low"), First.At(11, 3).Saying("high"));

        _store.Replication.Apply(Ns, RecordBuilder.Block(low, high), cursor: null, join: null);
        _store.Replication.Apply("reversed", RecordBuilder.Block(high, low), cursor: null, join: null);

        Assert.Equal("high"u8.ToArray(), _store.Get("k"u8));
        Assert.Equal("high"u8.ToArray(), _store.Namespace("reversed").Get("k"u8));
        Assert.Single(_store.Namespace("reversed").History("k"u8), static entry => entry.LostConflict);
    }

    private UpdateKind Apply(RecordBuilder record)
    {
        var updates = _store.Replication.Apply(Ns, RecordBuilder.Block(record), cursor: null, join: null).Updates;
        return Assert.Single(updates.ToDictionary()).Key;
    }

    private string? Value() => _store.Get("k"u8) is { } value ? Encoding.UTF8.GetString(value) : null;

    private VersionId Current() => _store.TryGetVersion("k"u8, out var version) ? version.Id : default;

    private IReadOnlyList<HistoryEntry> History() => _store.History("k"u8);

    private bool HasConflict() => History().Any(static entry => entry.LostConflict);
}

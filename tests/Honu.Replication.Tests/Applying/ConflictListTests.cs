using System.Text;
using Honu.Applying;
using Honu.TestKit;

namespace Honu.Replication.Tests.Applying;

/// <summary>Which conflicts a store lists, and what takes them off the list; replica 1 is the receiver and has no resolver.</summary>
public sealed class ConflictListTests : IDisposable
{
    private const string Ns = HonuStore.DefaultNamespace;

    private static readonly RecordBuilder Mine = new RecordBuilder("k").At(10, 2).Saying("mine");
    private static readonly RecordBuilder Lower = new RecordBuilder("k").At(9, 3).Saying("lower");
    private static readonly RecordBuilder Higher = new RecordBuilder("k").At(11, 3).Saying("higher");

    private readonly FaultyDisk _disk = new();
    private readonly ManualTimeProvider _time = new();
    private HonuStore _store;
    private int _boot;

    public ConflictListTests() => _store = Open();

    public void Dispose() => Guard.Run(_store.Dispose);

    [Fact]
    public void Conflicts_LoserArrives_IsListedWithBothSides()
    {
        Apply(Mine, Lower);

        var conflict = Assert.Single(_store.Conflicts());
        Assert.Equal((Ns, "k", "lower"), (conflict.Namespace, Text(conflict.Key), Text(conflict.LoserValue)));
        Assert.Equal((Mine.Version, Lower.Version), (conflict.Winner.Id, conflict.Loser.Id));
        Assert.Equal(_time.GetUtcNow(), conflict.Since);
        Assert.Equal(1, Figures().Conflicts);
    }

    [Fact]
    public void Conflicts_WinnerArrives_TheOldVersionIsListed()
    {
        Apply(Mine, Higher);

        var conflict = Assert.Single(_store.Conflicts());
        Assert.Equal((Higher.Version, Mine.Version, "mine"), (conflict.Winner.Id, conflict.Loser.Id, Text(conflict.LoserValue)));
    }

    [Fact]
    public void Conflicts_DeletionAgainstAValue_IsListedAsDeleted()
    {
        Apply(Mine, Lower.Deleted());

        var conflict = Assert.Single(_store.Conflicts());
        Assert.True(conflict.Loser.IsDeleted);
        Assert.True(conflict.LoserValue.IsEmpty);
    }

    [Fact]
    public void Conflicts_EqualBytes_AreNone()
    {
        Apply(Mine, Lower.Saying("mine"), Higher.Saying("mine"));

        Assert.Empty(_store.Conflicts());
        Assert.Equal(0, Figures().Conflicts);
    }

    [Fact]
    public void Conflicts_WithoutHistory_KeepTheLosersValue()
    {
        _store.Namespace(Ns).SetRetention(Retention.ParentsOnly);

        Apply(Mine, Lower);

        Assert.Single(_store.History("k"u8));
        Assert.Equal("lower", Text(Assert.Single(_store.Conflicts()).LoserValue));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Conflicts_LocalWrite_SettlesAllOfTheKey(bool deletes)
    {
        Apply(Mine, Lower, Lower.At(8, 4).Saying("third"), new RecordBuilder("other").At(10, 2), new RecordBuilder("other").At(11, 3).Saying("o"));
        Assert.Equal(3, _store.Conflicts().Count);

        if (deletes)
            _store.Delete("k"u8);
        else
            _store.Put("k"u8, "both"u8);

        Assert.Equal("other", Text(Assert.Single(_store.Conflicts()).Key));
        Assert.Equal(1, Figures().Conflicts);
    }

    [Fact]
    public void Conflicts_RefusedWrite_SettlesNothing()
    {
        Apply(Mine, Lower);

        Assert.False(_store.TryPut("k"u8, "x"u8, Lower.Version, out _));

        Assert.Single(_store.Conflicts());
    }

    [Fact]
    public void Conflicts_RemoteVersionThatCoversTheLoser_SettlesIt()
    {
        Apply(Mine, Lower);

        Apply(Mine.At(12, 4).After(10, 2).Knowing((10, 2), (9, 3)).Saying("both"));

        Assert.Empty(_store.Conflicts());
        Assert.Equal(0, Figures().Conflicts);
    }

    [Fact]
    public void Conflicts_RemoteVersionOfTheWinnersLineAlone_LeavesTheLoserListedAgainstIt()
    {
        Apply(Mine, Lower);
        var next = Mine.At(12, 2).After(10, 2).Saying("next");

        Apply(next);

        var conflict = Assert.Single(_store.Conflicts());
        Assert.Equal((next.Version, Lower.Version), (conflict.Winner.Id, conflict.Loser.Id));
    }

    [Fact]
    public void Conflicts_NextVersionOfTheLoser_TakesItsPlace()
    {
        Apply(Mine.At(20, 2), Lower);
        var next = Lower.At(15, 3).After(9, 3).Saying("still lower");

        Apply(next);

        Assert.Equal(next.Version, Assert.Single(_store.Conflicts()).Loser.Id);
        Assert.Equal(1, Figures().Conflicts);
    }

    [Fact]
    public void Conflicts_NextVersionOfTheLoserWins_ListsTheFormerWinnerOnly()
    {
        Apply(Mine, Lower);

        Apply(Lower.At(15, 3).After(9, 3).Saying("now higher"));

        Assert.Equal(Mine.Version, Assert.Single(_store.Conflicts()).Loser.Id);
    }

    [Fact]
    public void Conflicts_LoserAgain_IsListedOnce()
    {
        Apply(Mine, Lower);

        Apply(Lower);

        Assert.Single(_store.Conflicts());
        Assert.Equal(1, Figures().Conflicts);
    }

    [Fact]
    public void DismissConflict_Listed_IsGoneAndTheObjectIsAsItWas()
    {
        Apply(Mine, Lower);

        Assert.False(_store.DismissConflict("k"u8, Mine.Version));
        Assert.True(_store.DismissConflict("k"u8, Lower.Version));

        Assert.False(_store.DismissConflict("k"u8, Lower.Version));
        Assert.Empty(_store.Conflicts());
        Assert.Equal(0, Figures().Conflicts);
        Assert.Equal("mine"u8.ToArray(), _store.Get("k"u8));
        Apply(Lower);
        Assert.Empty(_store.Conflicts());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Conflicts_AfterReopening_AreStillThere(bool closed)
    {
        Apply(Mine, Lower);

        if (closed)
            _store.Dispose();
        _store = Open();

        Assert.Equal("lower", Text(Assert.Single(_store.Conflicts()).LoserValue));
        Assert.Equal(1, Figures().Conflicts);
        _store.Put("k"u8, "both"u8);
        Assert.Equal(0, Figures().Conflicts);
    }

    // The power loss takes the batch that had covered the loser and removed its row, but not the one after, which follows on it.
    [Fact]
    public void Conflicts_CoveredByWhatSurvived_AreGoneAfterReopening()
    {
        Apply(Mine, Lower);
        _store.Replication.Barrier();
        _store.Put("k"u8, "both"u8);
        _store.Put("k"u8, "after"u8);
        var last = _disk.UnsyncedBatches - 1;

        _disk.LosePower(batch => batch == last);
        _boot++;
        _store = Open();

        Assert.Equal("after"u8.ToArray(), _store.Get("k"u8));
        Assert.Empty(_store.Conflicts());
        Assert.Equal(0, Figures().Conflicts);
    }

    [Fact]
    public void Conflicts_FailedBatch_CountsNothing()
    {
        Apply(Mine);
        (_disk.WritesUntilFailure, _disk.FailsOnlyOnce) = (0, true);

        Assert.ThrowsAny<Exception>(() => Apply(Lower));

        _store = Open();
        Assert.Empty(_store.Conflicts());
        Assert.Equal(0, Figures().Conflicts);
    }

    [Fact]
    public void Conflicts_OfASnapshot_AreThoseOfItsMoment()
    {
        Apply(Mine, Lower);
        using var snapshot = _store.CreateSnapshot();
        _store.Put("k"u8, "both"u8);

        Assert.Equal(Mine.Version, Assert.Single(snapshot.Namespace(Ns).Conflicts()).Winner.Id);
        Assert.Throws<InvalidOperationException>(() => snapshot.Namespace(Ns).DismissConflict("k"u8, Lower.Version));
    }

    [Fact]
    public void Conflicts_KeysOfAllLengths_ComeInTheirOrderByNamespace()
    {
        foreach (var ns in new[] { "b", "a" })
        {
            foreach (var key in new[] { "b", "aaa", "a", "ab" })
                _store.Replication.Apply(ns, RecordBuilder.Block(Mine with { Key = key }, Higher with { Key = key }), cursor: null, join: null);
        }

        Assert.Equal(["a/a", "a/aaa", "a/ab", "a/b", "b/a", "b/aaa", "b/ab", "b/b"], _store.Conflicts().Select(static conflict => $"{conflict.Namespace}/{Text(conflict.Key)}"), StringComparer.Ordinal);
    }

    [Fact]
    public void Conflicts_MoreThanTheLimit_OldestAreForgottenAndCounted()
    {
        Apply(Mine, Lower);
        _time.Advance(TimeSpan.FromSeconds(1));
        var pairs = Enumerable.Range(0, ConflictStore.MaxRows).SelectMany(static i => new[] { Mine with { Key = $"n{i}" }, Lower with { Key = $"n{i}" } });

        Apply([.. pairs]);

        var conflicts = _store.Conflicts();
        Assert.Equal(ConflictStore.MaxRows / 10 * 9, conflicts.Count);
        Assert.DoesNotContain(conflicts, static conflict => Text(conflict.Key) == "k");
        Assert.Equal(conflicts.Count, Figures().Conflicts);
        Assert.Equal(ConflictStore.MaxRows + 1 - conflicts.Count, _store.GetStatistics().ConflictsForgotten);
    }

    [Fact]
    public void Conflicts_MoreBytesThanTheLimit_OldestAreForgotten()
    {
        var value = new string('x', 8 << 20);
        for (var i = 0; i < 9; i++)
        {
            Apply(Mine with { Key = $"n{i}" }, Lower with { Key = $"n{i}", Value = value });
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var conflicts = _store.Conflicts();
        Assert.InRange(conflicts.Sum(static conflict => (long)conflict.LoserValue.Length), 1, ConflictStore.MaxBytes);
        Assert.Equal("n8", Text(conflicts[^1].Key));
        Assert.Equal(9 - conflicts.Count, _store.GetStatistics().ConflictsForgotten);
    }

    private NamespaceStatistics Figures() => _store.GetStatistics().Namespaces.Single(static ns => ns.Name == Ns);

    private void Apply(params RecordBuilder[] records) => _store.Replication.Apply(Ns, RecordBuilder.Block(records), cursor: null, join: null);

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    private HonuStore Open() => HonuStore.Open("listed", new HonuStoreOptions
    {
        Pid = 1,
        Clock = VersionClock.Lamport,
        Engine = _disk,
        MaintenanceInterval = Timeout.InfiniteTimeSpan,
        Environment = new StoreEnvironment { Time = _time, BootId = $"{_boot}" },
    });
}

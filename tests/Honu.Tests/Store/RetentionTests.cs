using Honu.TestKit;

namespace Honu.Tests.Store;

/// <summary>How much of the past a namespace keeps, and what becomes of it when that is changed.</summary>
public sealed class RetentionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_KeepsEveryVersion(bool inMemory)
    {
        using var open = new OpenStore(inMemory, Manual(Retention.All));
        Write(open.Store, 1, 40);

        Assert.Equal(Values(40, 1), History(open.Store));
    }

    [Fact]
    public void For_KeepsWhatWasCurrentWithinTheTime()
    {
        using var open = new OpenStore(options: Manual(Retention.For(TimeSpan.FromHours(1))));
        Write(open.Store, 1, 3);
        open.Time.Advance(TimeSpan.FromMinutes(50));
        Write(open.Store, 4, 5);

        Assert.Equal(Values(5, 1), History(open.Store));
        open.Time.Advance(TimeSpan.FromMinutes(20));

        // 3 was current until twenty minutes ago; 1 and 2 were replaced more than an hour ago.
        Assert.Equal(Values(5, 3), History(open.Store));
        Assert.Equal(5, Entries(open.Store));
        Assert.Equal((2, open.Time.GetUtcNow() - TimeSpan.FromMinutes(70)), Backlog(open.Store));
        RunAll(open.Store);
        Assert.Equal(3, Entries(open.Store));
        Assert.Equal((0, open.Time.GetUtcNow() - TimeSpan.FromMinutes(70)), Backlog(open.Store));
        Assert.Equal(Values(5, 3), History(open.Store));

        open.Time.Advance(TimeSpan.FromHours(5));
        RunAll(open.Store);
        Write(open.Store, 6, 6);
        Assert.Equal(Values(6, 5), History(open.Store));
    }

    [Theory]
    [InlineData("10", "3", 3)]
    [InlineData("3", "10", 3)]
    [InlineData("10", "all", 10)]
    [InlineData("all", "4", 4)]
    [InlineData("10", "parents", 1)]
    public void SetRetention_AfterTheBackgroundHasRun_KeepsTheNewestAndGoesOn(string before, string after, int kept)
    {
        using var open = new OpenStore(inMemory: false, Manual(Parse(before)));
        Write(open.Store, 1, 25);

        open.Store.Namespace(HonuStore.DefaultNamespace).SetRetention(Parse(after));
        RunAll(open.Store);

        Assert.Equal(Values(25, 25 - kept + 1), History(open.Store));
        Assert.Equal(kept == 1 ? 0 : kept, Entries(open.Store));
        Write(open.Store, 26, 27);
        var expected = Math.Min(kept + 2, Parse(after).Count);
        Assert.Equal(Values(27, 27 - expected + 1), History(open.Store));
        open.Reopen();
        Assert.Equal(Parse(after), open.Store.Namespace(HonuStore.DefaultNamespace).Retention);
        Assert.Equal(Values(27, 27 - expected + 1), History(open.Store));
    }

    [Fact]
    public void SetRetention_WritesBeforeTheBackgroundHasRun_LoseNothingOfTheLastOnes()
    {
        using var open = new OpenStore(options: Manual(Retention.ParentsOnly));
        Write(open.Store, 1, 12);

        open.Store.Namespace(HonuStore.DefaultNamespace).SetRetention(Retention.Versions(5));
        Write(open.Store, 13, 14);

        Assert.Equal(Values(14, 12), History(open.Store));
        RunAll(open.Store);
        Assert.Equal(Values(14, 12), History(open.Store));
        Write(open.Store, 15, 30);
        Assert.Equal(Values(30, 26), History(open.Store));
    }

    [Fact]
    public void Open_WithAnotherOption_FollowsItUnlessTheNamespaceHasItsOwn()
    {
        using var directory = new TestDirectory();
        var path = directory.Combine("store");
        using (var store = HonuStore.Open(path, Manual(Retention.Versions(10))))
        {
            store.Namespace("own").SetRetention(Retention.Versions(2));
            for (var i = 1; i <= 12; i++)
            {
                store.Put("k"u8, [(byte)i]);
                store.Namespace("own").Put("k"u8, [(byte)i]);
            }
        }

        using var reopened = HonuStore.Open(path, Manual(Retention.Versions(4)));
        RunAll(reopened);

        Assert.Equal(Values(12, 9), History(reopened));
        Assert.Equal(2, reopened.Namespace("own").History("k"u8).Count);
        Assert.Equal(Retention.Versions(2), reopened.Namespace("own").Retention);
    }

    [Fact]
    public void SetRetention_ForWithALamportClock_IsRefused()
    {
        using var store = HonuStore.OpenInMemory(new() { Clock = VersionClock.Lamport });

        Assert.Throws<ArgumentException>(() => store.Namespace("n").SetRetention(Retention.For(TimeSpan.FromDays(1))));
        Assert.Throws<ArgumentException>(() => HonuStore.OpenInMemory(new() { Clock = VersionClock.Lamport, Retention = Retention.For(TimeSpan.FromDays(1)) }));
    }

    [Fact]
    public void RunMaintenance_ManyKeys_GoesInBoundedSteps()
    {
        using var open = new OpenStore(options: Manual(Retention.Versions(3)));
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 1000; i++)
                open.Store.Put(BitConverter.GetBytes(i), "v"u8);
        }

        open.Store.Namespace(HonuStore.DefaultNamespace).SetRetention(Retention.ParentsOnly);
        var before = Entries(open.Store);
        Assert.True(open.Store.RunMaintenance());

        Assert.InRange(before - Entries(open.Store), 1, 600);
        RunAll(open.Store);
        Assert.Equal(0, Entries(open.Store));
        Assert.False(open.Store.RunMaintenance());
    }

    [Fact]
    public void Timer_DoesTheWorkByItself()
    {
        using var open = new OpenStore(options: new() { Retention = Retention.Versions(5) });
        Write(open.Store, 1, 5);
        open.Store.Namespace(HonuStore.DefaultNamespace).SetRetention(Retention.ParentsOnly);

        open.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0, Entries(open.Store));
    }

    [Theory]
    [InlineData("parents")]
    [InlineData("7")]
    [InlineData("all")]
    public void ToString_SaysWhatTheCommandLineTakes(string text) => Assert.Equal(text, Parse(text).ToString());

    [Fact]
    public void Factories_OutOfRange_Throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Retention.Versions(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Retention.Versions(1_000_001));
        Assert.Throws<ArgumentOutOfRangeException>(() => Retention.For(TimeSpan.FromMilliseconds(999)));
        Assert.Equal(Retention.Versions(10), default);
        Assert.Equal(Retention.ParentsOnly, Retention.Versions(1));
    }

    private static HonuStoreOptions Manual(Retention retention) => new() { Retention = retention, MaintenanceInterval = Timeout.InfiniteTimeSpan };

    private static Retention Parse(string text) => text switch
    {
        "all" => Retention.All,
        "parents" => Retention.ParentsOnly,
        _ => Retention.Versions(int.Parse(text, System.Globalization.CultureInfo.InvariantCulture)),
    };

    private static void Write(HonuStore store, int first, int last)
    {
        for (var i = first; i <= last; i++)
            store.Put("k"u8, [(byte)i]);
    }

    private static List<int> History(HonuStore store) => [.. store.History("k"u8).Select(static entry => (int)entry.Value.Span[0])];

    private static List<int> Values(int newest, int oldest) => [.. Enumerable.Range(oldest, newest - oldest + 1).Reverse()];

    private static long Entries(HonuStore store) => store.GetStatistics().Namespaces.Sum(static ns => ns.HistoryEntries);

    private static (long Entries, DateTimeOffset? Oldest) Backlog(HonuStore store)
    {
        var figures = store.GetStatistics().Namespaces.Single();
        return (figures.HistoryBacklog, figures.OldestVersion);
    }

    private static void RunAll(HonuStore store)
    {
        while (store.RunMaintenance())
        {
        }
    }
}

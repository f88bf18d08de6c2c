using System.Text;
using Honu.TestKit;
using Honu.Tests.Clocks;
using Honu.Tests.Store;

namespace Honu.Tests.Watching;

public sealed class WatchTests
{
    [Fact]
    public async Task Watch_LocalWrites_ComeInTheOrderOfTheirCommits()
    {
        using var open = new OpenStore();
        open.Store.Put("before"u8, "0"u8);
        await using var watch = new WatchReader(open.Store);

        open.Store.Put("a"u8, "1"u8);
        open.Store.Put("a"u8, "2"u8);
        open.Store.Delete("a"u8);
        open.Store.Namespace("other").Put("b"u8, "3"u8);

        Assert.Equal(["default/a=1", "default/a=2", "default/a-", "other/b=3"], await watch.Next(4));
        Assert.False(watch.TryNext(out _));
    }

    [Fact]
    public async Task Watch_BatchOfSeveralNamespaces_ComesInItsOrderWithVersions()
    {
        using var open = new OpenStore();
        await using var watch = new WatchReader(open.Store);
        var batch = new HonuWriteBatch();
        batch.Put("z", "1"u8, "x"u8);
        batch.Put("default", "2"u8, "y"u8);
        batch.Put("z", "3"u8, "z"u8);

        var versions = open.Store.Write(batch);

        var changes = new[] { await watch.Next(), await watch.Next(), await watch.Next() };
        Assert.Equal(["z/1=x", "default/2=y", "z/3=z"], changes.Select(WatchReader.Text));
        Assert.Equal(versions, changes.Select(static change => change.Version));
        Assert.All(changes, static change => Assert.True(change is { IsLocal: true, IsCatchUp: false, StartsOver: false }));
    }

    [Fact]
    public async Task Watch_PrefixAndNamespace_LeaveOutTheRest()
    {
        using var open = new OpenStore();
        await using var prefix = new WatchReader(open.Store, new WatchOptions { Prefix = "user/"u8.ToArray() });
        await using var space = new WatchReader(open.Store.Namespace("s").WatchAsync());
        await using var two = new WatchReader(open.Store, new WatchOptions { Namespaces = ["t", "s"] });

        open.Store.Put("user"u8, "no"u8);
        open.Store.Put("user/1"u8, "a"u8);
        open.Store.Namespace("t").Put("user/2"u8, "b"u8);
        open.Store.Namespace("s").Put("x"u8, "c"u8);

        Assert.Equal(["default/user/1=a", "t/user/2=b"], await prefix.Next(2));
        Assert.Equal(["s/x=c"], await space.Next(1));
        Assert.Equal(["t/user/2=b", "s/x=c"], await two.Next(2));
        Assert.False(prefix.TryNext(out _) || space.TryNext(out _) || two.TryNext(out _));
    }

    [Fact]
    public async Task Watch_WithoutValues_TellsTheirLength()
    {
        using var open = new OpenStore();
        await using var watch = new WatchReader(open.Store, new WatchOptions { IncludeValues = false });

        open.Store.Put("a"u8, "12345"u8);

        var change = await watch.Next();
        Assert.Equal((0, 5L), (change.Value.Length, change.Version.ValueLength));
    }

    [Fact]
    public async Task Watch_WritesThatFailOrDoNothing_AreNotDelivered()
    {
        using var open = new OpenStore();
        var version = open.Store.Put("a"u8, "1"u8);
        await using var watch = new WatchReader(open.Store);

        open.Store.Delete("missing"u8);
        open.Store.TryPut("a"u8, "2"u8, expected: default, out _);
        open.Store.TryPut("a"u8, "3"u8, version.Id, out _);

        Assert.Equal(["default/a=3"], await watch.Next(1));
    }

    [Fact]
    public async Task Watch_ReplicatedChanges_ComeWhenTheyBecomeCurrent()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Pid = 1 });
        using var peer = PeerStore.Open(open, pid: 2);
        peer.Put("a"u8, "1"u8);
        peer.Put("a"u8, "2"u8);
        peer.Put("b"u8, "3"u8);
        peer.Delete("b"u8);
        await using var watch = new WatchReader(open.Store);

        PeerStore.Sync(peer, open.Store, "default");
        PeerStore.Sync(peer, open.Store, "default");
        open.Store.Put("end"u8, ""u8);

        var (first, second) = (await watch.Next(), await watch.Next());
        Assert.Equal(["default/a=2", "default/b-"], [WatchReader.Text(first), WatchReader.Text(second)]);
        Assert.False(first.IsLocal || second.IsLocal);
        Assert.Equal(["default/end="], await watch.Next(1));
    }

    [Fact]
    public async Task Watch_FromStart_DeliversWhatIsThereThenGoesOn()
    {
        using var open = new OpenStore(inMemory: false);
        open.Store.Put("a"u8, "1"u8);
        open.Store.Put("a"u8, "2"u8);
        open.Store.Put("b"u8, "3"u8);
        open.Store.Delete("b"u8);
        await using var watch = new WatchReader(open.Store, new WatchOptions { FromStart = true });
        open.Store.Put("c"u8, "4"u8);

        var changes = new[] { await watch.Next(), await watch.Next(), await watch.Next() };

        Assert.Equal(["default/a=2", "default/b-", "default/c=4"], changes.Select(WatchReader.Text));
        Assert.Equal([true, true, false], changes.Select(static change => change.IsCatchUp));
    }

    /// <summary>More than a page of the walk, and the token of any change in the middle leads to the rest.</summary>
    [Fact]
    public async Task Watch_TokenFromTheMiddleOfACatchUp_DeliversTheRest()
    {
        using var open = new OpenStore();
        for (var i = 0; i < 600; i++)
            open.Store.Namespace(i % 3 == 0 ? "a" : "b").Put(Encoding.UTF8.GetBytes($"k{i}"), "v"u8);
        List<HonuChange> all;
        await using (var whole = new WatchReader(open.Store, new WatchOptions { FromStart = true, EndWhenCaughtUp = true }))
            all = await whole.ToEnd();
        Assert.Equal(600, all.Count);

        foreach (var at in new[] { 0, 199, 200, 255, 256, 599 })
        {
            await using var rest = new WatchReader(open.Store, new WatchOptions { Token = Again(all[at].Token), EndWhenCaughtUp = true });
            Assert.Equal(all.Skip(at + 1).Select(WatchReader.Text), (await rest.ToEnd()).Select(WatchReader.Text));
        }
    }

    [Fact]
    public async Task Watch_AfterReopen_DeliversWhatHappenedSinceTheToken()
    {
        using var open = new OpenStore(inMemory: false, new HonuStoreOptions { Pid = 1 });
        using var peer = PeerStore.Open(open, pid: 2);
        peer.Put("p"u8, "1"u8);
        string token;
        await using (var watch = new WatchReader(open.Store))
        {
            open.Store.Put("a"u8, "1"u8);
            PeerStore.Sync(peer, open.Store, "default");
            open.Store.Put("b"u8, "1"u8);
            await watch.Next(2);
            token = (await watch.Next()).Token.ToString();
        }

        open.Store.Put("a"u8, "2"u8);
        open.Store.Put("a"u8, "3"u8);
        peer.Put("q"u8, "2"u8);
        PeerStore.Sync(peer, open.Store, "default");
        var store = open.Reopen();
        store.Delete("b"u8);

        await using var resumed = new WatchReader(store, new WatchOptions { Token = WatchToken.Parse(token) });
        store.Put("live"u8, "4"u8);
        Assert.Equal(["default/a=3", "default/b-", "default/q=2", "default/live=4"], await resumed.Next(4));
    }

    /// <summary>A token must not cover replicated records before the vectors say that everything of their origin is here.</summary>
    [Fact]
    public async Task Watch_TokenBetweenLooseRecordAndJoin_DoesNotLoseWhatComesLater()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Pid = 1 });
        using var peer = PeerStore.Open(open, pid: 2);
        for (var i = 0; i < 4; i++)
            peer.Put(Encoding.UTF8.GetBytes($"k{i}"), "v"u8);
        HonuChange loose;
        await using (var watch = new WatchReader(open.Store))
        {
            PeerStore.Send(peer, open.Store, "default", maxRecords: 2);
            await watch.Next();
            loose = await watch.Next();
        }

        PeerStore.Sync(peer, open.Store, "default");

        await using var resumed = new WatchReader(open.Store, new WatchOptions { Token = Again(loose.Token), EndWhenCaughtUp = true });
        var rest = await resumed.ToEnd();
        Assert.Equal(["default/k0=v", "default/k1=v", "default/k2=v", "default/k3=v"], rest.Select(WatchReader.Text));
        await using var after = new WatchReader(open.Store, new WatchOptions { Token = Again(rest[^1].Token), EndWhenCaughtUp = true });
        Assert.Empty(await after.ToEnd());
    }

    /// <summary>The records of a session and the join of its vectors are one commit: only the last of the changes may count on the join.</summary>
    [Fact]
    public async Task Watch_TokenFromTheMiddleOfASession_DeliversTheRestOfIt()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Pid = 1 });
        using var peer = PeerStore.Open(open, pid: 2);
        for (var i = 0; i < 4; i++)
            peer.Put(Encoding.UTF8.GetBytes($"k{i}"), "v"u8);
        var tokens = new List<WatchToken>();
        await using (var watch = new WatchReader(open.Store))
        {
            PeerStore.Sync(peer, open.Store, "default");
            for (var i = 0; i < 4; i++)
                tokens.Add((await watch.Next()).Token);
        }

        for (var i = 0; i < 4; i++)
        {
            await using var resumed = new WatchReader(open.Store, new WatchOptions { Token = Again(tokens[i]), EndWhenCaughtUp = true });
            var rest = (await resumed.ToEnd()).Select(WatchReader.Text).ToList();
            Assert.Superset(Enumerable.Range(i + 1, 3 - i).Select(static k => $"default/k{k}=v").ToHashSet(StringComparer.Ordinal), rest.ToHashSet(StringComparer.Ordinal));
            Assert.True(i < 3 || rest.Count == 0, "the last token does not know of the join");
        }
    }

    [Fact]
    public async Task Put_AfterTheLastWatchHasEnded_AllocatesNothingAgain()
    {
        const int Writes = 2_000;
        using var open = new OpenStore(inMemory: false, new HonuStoreOptions { MaintenanceInterval = Timeout.InfiniteTimeSpan });
        var store = open.Store;
        await using (var watch = new WatchReader(store))
        {
            Write();
            await watch.Next();
        }

        Write();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Write();

        Assert.Equal(0, (GC.GetAllocatedBytesForCurrentThread() - before) / Writes);

        void Write()
        {
            for (var i = 0; i < Writes; i++)
                store.Put("key"u8, "value"u8);
        }
    }

    [Fact]
    public async Task Watch_BufferFull_ReadsTheStoreInsteadAndMissesNothing()
    {
        using var counter = new DroppedCounter();
        using var open = new OpenStore();
        await using var watch = new WatchReader(open.Store, new WatchOptions { MaxBufferedChanges = 4 });
        for (var i = 0; i < 20; i++)
            open.Store.Put(Encoding.UTF8.GetBytes($"k{i % 3}"), Encoding.UTF8.GetBytes($"{i}"));

        var changes = new List<HonuChange>();
        while (changes.Count == 0 || WatchReader.Text(changes[^1]) != "default/k1=19")
            changes.Add(await watch.Next());
        open.Store.Put("live"u8, "again"u8);

        Assert.Equal(["default/k0=18", "default/k1=19", "default/k2=17"], Latest(changes));
        Assert.Contains(changes, static change => change.IsCatchUp);
        Assert.True(counter.Total >= 16, $"{counter.Total} changes were counted as dropped");
        var live = await watch.Next();
        Assert.Equal(("default/live=again", false), (WatchReader.Text(live), live.IsCatchUp));
    }

    [Fact]
    public async Task Watch_ChangeLargerThanTheBuffer_IsReadFromTheStore()
    {
        using var open = new OpenStore();
        await using var watch = new WatchReader(open.Store, new WatchOptions { MaxBufferedBytes = 1000 });

        open.Store.Put("large"u8, new byte[2000]);

        var change = await watch.Next();
        Assert.Equal((2000, true), (change.Value.Length, change.IsCatchUp));
    }

    [Fact]
    public async Task Watch_ReaderThatNeverReads_KeepsNoWriterWaiting()
    {
        using var open = new OpenStore();
        await using var watch = new WatchReader(open.Store, new WatchOptions { MaxBufferedChanges = 10 });

        await Guard.RunWithin(() =>
        {
            for (var i = 0; i < 5_000; i++)
                open.Store.Put("k"u8, Encoding.UTF8.GetBytes($"{i}"));
        });

        HonuChange last;
        do
        {
            last = await watch.Next();
        }
        while (WatchReader.Text(last) != "default/k=4999");
    }

    /// <summary>Goal: the handover between walk and buffer has no gap while threads write. Method: a tiny buffer, so that it happens again and again.</summary>
    [Fact]
    public async Task Watch_WhileThreadsWrite_EndsWithACopyOfTheStore()
    {
        const int PerThread = 3_000;
        using var open = new OpenStore();
        await using var watch = new WatchReader(open.Store, new WatchOptions { MaxBufferedChanges = 3 });
        var copy = new Dictionary<string, VersionId>(StringComparer.Ordinal);

        var writers = Task.WhenAll(Enumerable.Range(0, 2).Select(thread => Guard.RunWithin(() =>
        {
            for (var i = 0; i < PerThread; i++)
                open.Store.Put(Encoding.UTF8.GetBytes($"k{thread}/{i % 50}"), "v"u8);
            open.Store.Put(Encoding.UTF8.GetBytes($"end{thread}"), ""u8);
        })));
        while (!copy.ContainsKey("end0") || !copy.ContainsKey("end1"))
            Add(await watch.Next());
        await Guard.Within(writers);
        while (watch.TryNext(out var change))
            Add(change!);

        var expected = OpenStore.Keys(open.Store).ToDictionary(static key => key, key => open.Store.TryGetVersion(Encoding.UTF8.GetBytes(key), out var version) ? version.Id : default, StringComparer.Ordinal);
        Assert.Equal(expected, copy);

        void Add(HonuChange change)
        {
            var key = Encoding.UTF8.GetString(change.Key.Span);
            Assert.True(!copy.TryGetValue(key, out var known) || known.Scalar <= change.Version.Id.Scalar, $"{key} went back");
            copy[key] = change.Version.Id;
        }
    }

    [Fact]
    public async Task Watch_StoreDisposed_EndsWithObjectDisposed()
    {
        var store = HonuStore.OpenInMemory();
        await using var waiting = new WatchReader(store);
        await using var unread = new WatchReader(store, new WatchOptions { FromStart = true });
        var watch = store.WatchAsync();

        store.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Guard.Within(waiting.Step()));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Guard.Within(unread.Step()));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Guard.Within(new WatchReader(watch).Step()));
        Assert.Throws<ObjectDisposedException>(() => store.WatchAsync());
    }

    [Fact]
    public async Task Watch_Cancelled_EndsWithOperationCanceled()
    {
        using var open = new OpenStore();
        await using var watch = new WatchReader(open.Store);

        await watch.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Guard.Within(watch.Step()));
    }

    [Fact]
    public async Task GetWatchToken_ThenReadThenWatch_LeavesNoGap()
    {
        using var open = new OpenStore();
        open.Store.Namespace("s").Put("a"u8, "1"u8);
        var token = open.Store.Namespace("s").GetWatchToken();
        open.Store.Namespace("s").Put("b"u8, "2"u8);

        await using var watch = new WatchReader(open.Store.Namespace("s").WatchAsync(new WatchOptions { Token = Again(token) }));

        Assert.Equal(["s/b=2"], await watch.Next(1));
    }

    /// <summary>After a new epoch the store may have lost what the token covers.</summary>
    [Fact]
    public async Task Watch_TokenOfAnEarlierEpoch_StartsOver()
    {
        using var directory = new TestDirectory();
        WatchToken token;
        using (var store = HonuStore.Open(directory.Combine("store"), new HonuStoreOptions { CreateIfMissing = true }))
        {
            store.Put("a"u8, "1"u8);
            store.Put("b"u8, "2"u8);
            token = store.GetWatchToken();
        }

        using var renamed = HonuStore.Open(directory.Combine("store"), new HonuStoreOptions { Pid = 77 });
        await using var watch = new WatchReader(renamed, new WatchOptions { Token = Again(token), EndWhenCaughtUp = true });

        var changes = await watch.ToEnd();
        Assert.Equal(["default/a=1", "default/b=2"], changes.Select(WatchReader.Text));
        Assert.Equal([true, false], changes.Select(static change => change.StartsOver));
    }

    /// <summary>A peer knows writes of ours that we do not: they come back under the old epoch, below scalars that the watch had covered.</summary>
    [Fact]
    public async Task Watch_OverANewEpochWhileOpen_TokensDoNotCoverWhatComesBack()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Pid = 1, Clock = VersionClock.Lamport });
        var own = open.Store.Identity.Replica;
        await using var watch = new WatchReader(open.Store);
        for (var i = 0; i < 5; i++)
            open.Store.Put("mine"u8, "x"u8);
        await watch.Next(5);
        var theirs = new VersionVector();
        theirs.Advance(own, 100);
        Assert.True(open.Store.Replication.BeginNewEpochIfSetBack("default", theirs));
        open.Store.Put("later"u8, "y"u8);
        var token = (await watch.Next()).Token;

        open.Store.Replication.Apply("default", ForeignRecord.Block("lost", new VersionId(3, own)), cursor: null, join: null);

        Assert.Equal(["default/lost=lost"], await watch.Next(1));
        await using var resumed = new WatchReader(open.Store, new WatchOptions { Token = Again(token), EndWhenCaughtUp = true });
        Assert.Contains("default/lost=lost", (await resumed.ToEnd()).Select(WatchReader.Text));
    }

    private static WatchToken Again(WatchToken token) => WatchToken.Parse(token.ToString());

    private static IEnumerable<string> Latest(IEnumerable<HonuChange> changes) => changes
        .GroupBy(static change => Convert.ToHexString(change.Key.Span), StringComparer.Ordinal)
        .OrderBy(static group => group.Key, StringComparer.Ordinal)
        .Select(static group => WatchReader.Text(group.Last()));
}

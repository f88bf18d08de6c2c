using Honu.TestKit;
using Honu.Tests.Store;
using Honu.Tests.Watching;

namespace Honu.Tests.Consistency;

public sealed class WaitForTests : IDisposable
{
    private readonly OpenStore _here = new(options: new HonuStoreOptions { Pid = 1 });
    private readonly HonuStore _there;

    public WaitForTests() => _there = PeerStore.Open(_here, pid: 2);

    public void Dispose()
    {
        _there.Dispose();
        _here.Dispose();
    }

    [Fact]
    public async Task WaitForAsync_OfAnOwnWrite_CompletesAtOnce()
    {
        var written = _here.Store.Put("k"u8, "v"u8);

        var waiting = _here.Store.WaitForAsync(_here.Store.GetToken(written.Id), TimeSpan.Zero);

        Assert.True(waiting.IsCompletedSuccessfully);
        await waiting;
    }

    [Fact]
    public async Task WaitForAsync_OfAPeersWrite_IsWokenByTheJoin()
    {
        var token = _there.GetToken(_there.Put("k"u8, "v"u8).Id);
        var timers = _here.Time.PendingTimers;
        var waiting = _here.Store.GetAsync("k"u8.ToArray(), new ReadOptions { AtLeast = token }).AsTask();
        Assert.False(waiting.IsCompleted);

        PeerStore.Sync(_there, _here.Store, HonuStore.DefaultNamespace);

        Assert.Equal("v"u8.ToArray(), (await Guard.Within(waiting)).Value);
        Assert.Equal(timers, _here.Time.PendingTimers);
    }

    // R9, R17: a record that is here before its stream has ended proves nothing about what its writer wrote before.
    [Fact]
    public void Covers_ALooseRecord_IsFalseUntilTheJoin()
    {
        _there.Put("a"u8, "1"u8);
        _there.Put("b"u8, "2"u8);
        PeerStore.Send(_there, _here.Store, HonuStore.DefaultNamespace, maxRecords: 1);
        Assert.NotNull(_here.Store.Get("a"u8, out var loose));
        var token = _here.Store.GetToken(loose.Id);

        Assert.False(_here.Store.Covers(token));
        Assert.False(_here.Store.Covers(_here.Store.GetToken()));
        PeerStore.Sync(_there, _here.Store, HonuStore.DefaultNamespace);

        Assert.True(_here.Store.Covers(token));
        Assert.True(_here.Store.Covers(_here.Store.GetToken()));
    }

    [Fact]
    public async Task WaitForAsync_ThatIsNotServed_TimesOutAndSaysWhatIsMissing()
    {
        var written = _there.Put("k"u8, "v"u8);
        var waiting = _here.Store.WaitForAsync(_there.GetToken(written.Id), TimeSpan.FromSeconds(5)).AsTask();

        _here.Time.Advance(TimeSpan.FromSeconds(6));

        var error = await Assert.ThrowsAsync<HonuException>(() => Guard.Within(waiting));
        Assert.Equal(HonuErrorCode.WaitTimedOut, error.Code);
        Assert.Contains(written.Id.Replica.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WaitForAsync_WithZero_DoesNotWait()
    {
        var token = _there.GetToken(_there.Put("k"u8, "v"u8).Id);

        var error = await Assert.ThrowsAsync<HonuException>(() => Guard.Within(_here.Store.WaitForAsync(token, TimeSpan.Zero)));

        Assert.Equal(HonuErrorCode.WaitTimedOut, error.Code);
    }

    [Fact]
    public async Task WaitForAsync_WhenTheStoreIsDisposed_Ends()
    {
        var token = _there.GetToken(_there.Put("k"u8, "v"u8).Id);
        var waiting = _here.Store.WaitForAsync(token, Timeout.InfiniteTimeSpan).AsTask();

        _here.Store.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Guard.Within(waiting));
    }

    [Fact]
    public async Task WaitForAsync_WhenCancelled_Ends()
    {
        using var cancellation = new CancellationTokenSource();
        var token = _there.GetToken(_there.Put("k"u8, "v"u8).Id);
        var waiting = _here.Store.WaitForAsync(token, Timeout.InfiniteTimeSpan, cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Guard.Within(waiting));
    }

    [Fact]
    public void Covers_ATokenOfAnotherCluster_Throws()
    {
        using var other = HonuStore.OpenInMemory(new HonuStoreOptions { Cluster = "other" });
        var token = other.GetToken(other.Put("k"u8, "v"u8).Id);

        var error = Assert.Throws<HonuException>(() => _here.Store.Covers(token));

        Assert.Equal(HonuErrorCode.ClusterMismatch, error.Code);
    }

    [Fact]
    public async Task GetAsync_WithAnotherNamespacesToken_DoesNotWait()
    {
        var token = _there.Namespace("other").GetToken(_there.Namespace("other").Put("k"u8, "v"u8).Id);

        var read = await Guard.Within(_here.Store.GetAsync("k"u8.ToArray(), new ReadOptions { AtLeast = token }));

        Assert.False(read.Found);
    }

    [Fact]
    public async Task PutAsync_WithAToken_FollowsOnIt()
    {
        var seen = _there.Put("k"u8, "v"u8);
        var waiting = _here.Store.PutAsync("k"u8.ToArray(), "w"u8.ToArray(), new WriteOptions { AtLeast = _there.GetToken(seen.Id) }).AsTask();
        Assert.Null(_here.Store.Get("k"u8));

        PeerStore.Sync(_there, _here.Store, HonuStore.DefaultNamespace);

        Assert.Equal(seen.Id, (await Guard.Within(waiting)).Version.Parent);
    }

    [Fact]
    public async Task PutAsync_WithReplicasAndNoReplication_WritesNothing()
    {
        var error = await Assert.ThrowsAsync<HonuException>(() => Guard.Within(_here.Store.PutAsync("k"u8.ToArray(), "w"u8.ToArray(), default(WriteOptions).WaitForReplicas(1, TimeSpan.FromSeconds(1)))));

        Assert.Equal(HonuErrorCode.NotReplicating, error.Code);
        Assert.Null(_here.Store.Get("k"u8));
    }

    [Fact]
    public void Put_WithOptionsThatWait_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => _here.Store.Put("k"u8, "v"u8, default(WriteOptions).WaitForReplicas(1, TimeSpan.FromSeconds(1))));
        Assert.Throws<ArgumentException>(() => _here.Store.Write(new HonuWriteBatch().Put("k"u8, "v"u8), new WriteOptions { AtLeast = CausalToken.Empty }));

        Assert.Null(_here.Store.Get("k"u8));
    }

    [Fact]
    public async Task PutAsync_WithReplicas_AsksForSessionsAndTellsHowMany()
    {
        var driver = new ScriptedDriver();
        _here.Store.Replication.Attach(driver);

        var waiting = _here.Store.PutAsync("k"u8.ToArray(), "v"u8.ToArray(), default(WriteOptions).WaitForReplicas(2, TimeSpan.FromSeconds(5))).AsTask();
        driver.Acknowledge(1);
        Assert.False(waiting.IsCompleted);
        driver.Acknowledge(2);

        var result = await Guard.Within(waiting);
        Assert.Equal(2, result.AcknowledgedBy);
        Assert.Equal(result.Version.Id, Assert.Single(driver.Pushed));
    }

    [Fact]
    public async Task PutAsync_WithTooFewReplicasInTime_StaysAndTellsHowMany()
    {
        var driver = new ScriptedDriver();
        _here.Store.Replication.Attach(driver);
        var waiting = _here.Store.PutAsync("k"u8.ToArray(), "v"u8.ToArray(), default(WriteOptions).WaitForReplicas(2, TimeSpan.FromSeconds(5))).AsTask();
        driver.Acknowledge(1);

        _here.Time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(1, (await Guard.Within(waiting)).AcknowledgedBy);
        Assert.Equal("v"u8.ToArray(), _here.Store.Get("k"u8));
    }

    [Fact]
    public async Task GetAsync_WithMaxStaleness_WaitsForTheMarkAsOfTheCall()
    {
        var driver = new ScriptedDriver();
        _here.Store.Replication.Attach(driver);
        var called = _here.Time.GetUtcNow();
        var waiting = _here.Store.GetAsync("k"u8.ToArray(), new ReadOptions { MaxStaleness = TimeSpan.FromSeconds(1) }).AsTask();
        driver.Complete(called - TimeSpan.FromSeconds(2));
        Assert.False(waiting.IsCompleted);

        driver.Complete(called - TimeSpan.FromSeconds(1));

        await Guard.Within(waiting);
        Assert.Equal(called - TimeSpan.FromSeconds(1), Assert.Single(driver.Refreshed));
    }

    [Fact]
    public void Covers_AWriteThatAPowerLossTook_Throws()
    {
        var disk = new FaultyDisk();
        HonuStore Boot(string id) => HonuStore.Open("store", new HonuStoreOptions { Pid = 1, Engine = disk, Environment = new StoreEnvironment { BootId = id } });
        var before = Boot("first");
        before.Put("kept"u8, "v"u8, new WriteOptions { Durability = Durability.Synced });
        var token = before.GetToken(before.Put("k"u8, "v"u8).Id);
        disk.LosePower();
        using var after = Boot("second");

        var error = Assert.Throws<HonuException>(() => after.Covers(token));

        Assert.Equal(HonuErrorCode.WriteLost, error.Code);
    }

    private sealed class ScriptedDriver : IReplicationDriver
    {
        private int _acknowledged;
        private DateTimeOffset? _complete;

        public event EventHandler? Advanced;

        public List<VersionId> Pushed { get; } = [];

        public List<DateTimeOffset> Refreshed { get; } = [];

        public void Acknowledge(int count)
        {
            _acknowledged = count;
            Advanced?.Invoke(this, EventArgs.Empty);
        }

        public void Complete(DateTimeOffset upTo)
        {
            _complete = upTo;
            Advanced?.Invoke(this, EventArgs.Empty);
        }

        public void RequestPull(string ns, VersionVector wanted)
        {
        }

        public void RequestPush(string ns, VersionId version) => Pushed.Add(version);

        public void RequestRefresh(string ns, DateTimeOffset upTo) => Refreshed.Add(upTo);

        public int CountAcknowledged(string ns, VersionId version) => _acknowledged;

        public DateTimeOffset? CompleteUpTo(string ns) => _complete;
    }
}

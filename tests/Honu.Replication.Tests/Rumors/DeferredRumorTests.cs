using Honu.Replication.Tests.Applying;
using Honu.TestKit;

namespace Honu.Replication.Tests.Rumors;

/// <summary>Rumors of a replica whose clock is too far ahead.</summary>
public sealed class DeferredRumorTests
{
    private const string Ns = HonuStore.DefaultNamespace;

    // Retries, second pushes and several neighbours bring the same rumor again and again.
    [Fact]
    public void Copies_OfADeferredRumor_LeaveRoomForTheTargetsOfStreams()
    {
        var time = new ManualTimeProvider();
        using var store = HonuStore.Open("deferred", new HonuStoreOptions { Pid = 1, Engine = new FaultyDisk(), Environment = new StoreEnvironment { Time = time }, MaintenanceInterval = Timeout.InfiniteTimeSpan });
        var ahead = ((ulong)time.GetUtcNow().ToUnixTimeMilliseconds() + 120_000) << 16;
        var (fast, other) = (new VersionId(ahead, new ReplicaId(2, 1)), new VersionId(ahead - 5, new ReplicaId(3, 1)));

        for (var i = 0; i < 200; i++)
            Assert.True(Apply(store, fast, cursor: null).JoinIsPending);
        var stream = Apply(store, other, new StreamCursor(other.Replica, Guid.Empty, Covering(other), default));
        time.Advance(TimeSpan.FromMinutes(3));
        store.Replication.ApplyDeferred();

        Assert.True(stream.JoinIsPending);
        Assert.Equal(("v", "v"), (Get(store, fast), Get(store, other)));
        Assert.True(store.Replication.State(Ns).Vector.Covers(fast));
        Assert.True(store.Replication.State(Ns).Vector.Covers(other));
    }

    private static ApplyResult Apply(HonuStore store, VersionId version, StreamCursor? cursor) =>
        store.Replication.Apply(Ns, RecordBuilder.Block(new RecordBuilder($"{version.Replica.Pid}") { Version = version }), cursor, new VectorJoin(new VersionVector(), Covering(version)));

    private static string? Get(HonuStore store, VersionId version) =>
        store.Get(System.Text.Encoding.UTF8.GetBytes($"{version.Replica.Pid}")) is { } value ? System.Text.Encoding.UTF8.GetString(value) : null;

    private static VersionVector Covering(VersionId version)
    {
        var vector = new VersionVector();
        vector.Advance(version.Replica, version.Scalar);
        return vector;
    }
}

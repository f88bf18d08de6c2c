using System.Buffers;
using System.Text;
using Honu.Format;
using Honu.Tests.Kit;

namespace Honu.Tests.Store;

public class TimeToLiveTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Put_AfterItsTimeToLive_IsTreatedAsDeleted(bool inMemory, bool swept)
    {
        using var open = Open(inMemory);
        var put = open.Store.Put("key"u8, "value"u8, Ttl(Minute));
        open.Store.Put("stays"u8, "value"u8);
        Assert.Equal(open.Time.GetUtcNow() + Minute, put.Expires);
        open.Time.Advance(Minute - TimeSpan.FromMilliseconds(1));
        Sweep(open.Store);
        Assert.Equal("value", Text(open.Store.Get("key"u8, out var before)));
        Assert.Equal(put, before);

        open.Time.Advance(TimeSpan.FromMilliseconds(1));
        if (swept)
            Sweep(open.Store);

        var expired = put with { IsDeleted = true, ValueLength = 0 };
        Assert.Null(open.Store.Get("key"u8));
        Assert.Equal(-1, open.Store.Read("key"u8, new byte[10]));
        Assert.False(open.Store.TryGet("key"u8, new ArrayBufferWriter<byte>(), out var version));
        Assert.Equal(expired, version);
        Assert.True(open.Store.TryGetVersion("key"u8, out version));
        Assert.Equal(expired, version);
        Assert.Null(open.Store.Get("key"u8, put.Id));
        Assert.Equal(["stays"], OpenStore.Keys(open.Store));
        Assert.Equal(["key", "stays"], OpenStore.Keys(open.Store, new ScanOptions { IncludeTombstones = true }));
        Assert.Equal(1, open.Store.Count());
        var entry = Assert.Single(open.Store.History("key"u8));
        Assert.Equal((expired, 0), (entry.Version, entry.Value.Length));
        Assert.False(open.Store.Delete("key"u8, out var current));
        Assert.Equal(expired, current);
        var figures = Assert.Single(open.Store.GetStatistics().Namespaces);
        Assert.Equal((1L, 1L, swept ? 5L : 10L), (figures.Objects, figures.Tombstones, figures.ValueBytes));
        Assert.True(open.Store.TryPut("key"u8, "new"u8, expected: default, out var next));
        Assert.Equal(put.Id, next.Parent);
        Assert.Equal("new", Text(open.Store.Get("key"u8)));
    }

    [Fact]
    public void Put_OverARecordThatExpires_LivesOn()
    {
        using var open = Open();
        open.Store.Put("key"u8, "short"u8, Ttl(Minute));
        open.Store.Put("key"u8, "long"u8);

        open.Time.Advance(2 * Minute);
        Sweep(open.Store);

        Assert.Equal("long", Text(open.Store.Get("key"u8)));
        var history = open.Store.History("key"u8);
        Assert.Equal([false, true], history.Select(entry => entry.Version.IsDeleted));
        Assert.Equal([4, 0], history.Select(entry => entry.Value.Length));
        Assert.Equal("long"u8.Length, Assert.Single(open.Store.GetStatistics().Namespaces).HistoryBytes);
    }

    [Fact]
    public void Put_WithAnotherTimeToLive_ExpiresWithTheLastOne()
    {
        using var open = Open();
        open.Store.Put("key"u8, "1"u8, Ttl(Minute));
        open.Store.Put("key"u8, "2"u8, Ttl(3 * Minute));

        open.Time.Advance(2 * Minute);
        Sweep(open.Store);
        Assert.Equal("2", Text(open.Store.Get("key"u8)));

        open.Time.Advance(Minute);
        Assert.Null(open.Store.Get("key"u8));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Put_Reopened_ExpiresAllTheSame(bool expiresWhileClosed)
    {
        using var open = Open(inMemory: false);
        open.Store.Put("key"u8, "value"u8, Ttl(Minute));
        if (expiresWhileClosed)
            open.Time.Advance(Minute);
        open.Reopen();
        Assert.Equal(expiresWhileClosed ? null : "value", Text(open.Store.Get("key"u8)));

        open.Time.Advance(Minute);
        Sweep(open.Store);

        Assert.Null(open.Store.Get("key"u8));
        Assert.Equal(0, Assert.Single(open.Store.GetStatistics().Namespaces).ValueBytes);
    }

    /// <summary>The clock of versions goes on even when somebody sets the machine's clock back: what has expired does not come back.</summary>
    [Fact]
    public void Put_WallClockSetBack_StaysExpired()
    {
        using var open = Open();
        open.Store.Put("key"u8, "value"u8, Ttl(Minute));
        open.Time.Advance(Minute);
        open.Store.Put("other"u8, "value"u8);

        open.Time.SetUtcNow(open.Time.GetUtcNow() - TimeSpan.FromHours(1));

        Assert.Null(open.Store.Get("key"u8));
    }

    [Fact]
    public void Undelete_AfterExpiry_BringsTheVersionBeforeBack()
    {
        using var open = Open();
        open.Store.Put("key"u8, "kept"u8);
        open.Store.Put("key"u8, "gone"u8, Ttl(Minute));
        open.Store.Put("alone"u8, "gone"u8, Ttl(Minute));
        open.Time.Advance(Minute);

        Assert.True(open.Store.Undelete("key"u8, out _));
        Assert.False(open.Store.Undelete("alone"u8, out var expired));

        Assert.True(expired.IsDeleted);
        Assert.Equal("kept", Text(open.Store.Get("key"u8)));
    }

    [Fact]
    public void Write_BatchWithTimesToLive_TakesThePutsOwnBeforeTheOptions()
    {
        using var open = Open();
        open.Store.Put("d"u8, "v"u8);
        var batch = new HonuWriteBatch()
            .Put("default", "a"u8, "1"u8, Minute)
            .Put("b"u8, "2"u8)
            .Delete("d"u8);

        var versions = open.Store.Write(batch, Ttl(3 * Minute));

        Assert.Equal([Minute, 3 * Minute, null], versions.Select(version => version.Expires - open.Time.GetUtcNow()));
        open.Time.Advance(2 * Minute);
        Assert.Equal(["b"], OpenStore.Keys(open.Store));
        open.Time.Advance(2 * Minute);
        Assert.Empty(OpenStore.Keys(open.Store));
    }

    [Fact]
    public void RunMaintenance_MoreThanAStepTakes_DropsAllInSteps()
    {
        using var open = Open();
        for (var i = 0; i < 1200; i++)
            open.Store.Put(Encoding.UTF8.GetBytes($"{i}"), "value"u8, Ttl(Minute));
        open.Time.Advance(Minute);

        Assert.True(open.Store.RunMaintenance());
        Assert.Equal(688 * 5, Assert.Single(open.Store.GetStatistics().Namespaces).ValueBytes);
        Sweep(open.Store);

        Assert.Equal(0, Assert.Single(open.Store.GetStatistics().Namespaces).ValueBytes);
        Assert.False(open.Store.RunMaintenance());
    }

    [Fact]
    public void Put_MaintenanceTimer_DropsByItself()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, "value"u8, Ttl(Minute));

        open.Time.Advance(Minute + TimeSpan.FromSeconds(2));

        Assert.Equal(0, Assert.Single(open.Store.GetStatistics().Namespaces).ValueBytes);
    }

    [Fact]
    public void Put_TimeToLiveOutOfRange_IsAnArgumentError()
    {
        using var open = Open();

        foreach (var wrong in new[] { TimeSpan.Zero, TimeSpan.FromMicroseconds(999), -Minute, TimeSpan.FromDays(36501), TimeSpan.MaxValue })
        {
            Assert.ThrowsAny<ArgumentException>(() => open.Store.Put("key"u8, "v"u8, Ttl(wrong)));
            Assert.ThrowsAny<ArgumentException>(() => new HonuWriteBatch().Put("default", "key"u8, "v"u8, wrong));
        }

        open.Store.Put("key"u8, "v"u8, Ttl(TimeSpan.FromDays(36500)));
        Assert.Equal("v", Text(open.Store.Get("key"u8)));
    }

    [Fact]
    public void Put_LamportClock_RefusesATimeToLive()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Clock = VersionClock.Lamport });

        var error = Assert.ThrowsAny<ArgumentException>(() => open.Store.Put("key"u8, "v"u8, Ttl(Minute)));
        Assert.ThrowsAny<ArgumentException>(() => open.Store.Write(new HonuWriteBatch().Put("default", "key"u8, "v"u8, Minute)));
        Assert.ThrowsAny<ArgumentException>(() => open.Store.Write(new HonuWriteBatch().Put("key"u8, "v"u8), Ttl(Minute)));

        Assert.Contains("Hybrid", error.Message, StringComparison.Ordinal);
        Assert.Empty(open.Store.Namespaces);
    }

    /// <summary>One replica has dropped the value and the other has not: both hold the same version, in either direction.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Apply_DroppedAndUndropped_AreTheSameVersion(bool dropFirst)
    {
        using var a = Open();
        using var b = Open();
        a.Store.Put("key"u8, "value"u8, Ttl(Minute));
        var undropped = BlockOf(a.Store);
        a.Time.Advance(Minute);
        Sweep(a.Store);
        var dropped = BlockOf(a.Store);
        b.Time.Advance(Minute);

        Assert.NotEqual(undropped, dropped);
        b.Store.Replication.Apply("default", dropFirst ? dropped : undropped, cursor: null, join: null);
        var result = b.Store.Replication.Apply("default", dropFirst ? undropped : dropped, cursor: null, join: null);

        Assert.Equal((1, 1), (result.Updates.Total, result.Updates[UpdateKind.Duplicate]));
        Assert.Null(b.Store.Get("key"u8));
        Sweep(b.Store);
        Assert.Equal(dropped, BlockOf(b.Store));
        Assert.Equal(a.Store.History("key"u8), b.Store.History("key"u8));
    }

    /// <summary>The reason why an expiry makes no version: an overwrite that the expiring replica has not seen must win, however late.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Send_OverwriteElsewhereBeforeTheExpiry_WinsOverIt(bool expiringSendsFirst)
    {
        using var a = Open();
        using var b = Open();
        a.Store.Put("key"u8, "short"u8, Ttl(Minute));
        PeerStream.Send(a.Store, b.Store);
        b.Store.Put("key"u8, "long"u8);
        a.Time.Advance(2 * Minute);
        b.Time.Advance(2 * Minute);
        Sweep(a.Store);
        Assert.Null(a.Store.Get("key"u8));

        if (expiringSendsFirst)
            PeerStream.Send(a.Store, b.Store);
        PeerStream.Send(b.Store, a.Store);
        PeerStream.Send(a.Store, b.Store);

        Assert.Equal("long", Text(a.Store.Get("key"u8)));
        Assert.Equal("long", Text(b.Store.Get("key"u8)));
        Assert.Equal(a.Store.Replication.Summaries()["default"], b.Store.Replication.Summaries()["default"]);
    }

    [Fact]
    public void Send_ReplicaWhoseClockIsBehind_ExpiresByItsOwnClockAndDropsLater()
    {
        using var a = Open();
        using var b = Open();
        a.Time.Advance(TimeSpan.FromSeconds(30));
        a.Store.Put("key"u8, "value"u8, Ttl(Minute));
        PeerStream.Send(a.Store, b.Store);
        a.Time.Advance(Minute);
        b.Time.Advance(Minute);
        Sweep(a.Store);
        Sweep(b.Store);
        Assert.Null(a.Store.Get("key"u8));
        Assert.Equal("value", Text(b.Store.Get("key"u8)));

        b.Time.Advance(TimeSpan.FromSeconds(30));
        Sweep(b.Store);

        Assert.Null(b.Store.Get("key"u8));
        Assert.Equal(BlockOf(a.Store), BlockOf(b.Store));
    }

    [Fact]
    public void Apply_DroppedRecordFarAhead_IsDeferred()
    {
        using var a = Open();
        using var b = Open();
        a.Store.Put("key"u8, "value"u8, Ttl(TimeSpan.FromMinutes(5)));
        a.Time.Advance(TimeSpan.FromMinutes(5));
        Sweep(a.Store);
        var dropped = BlockOf(a.Store);

        Assert.Equal(1, b.Store.Replication.Apply("default", dropped, null, null).Deferred);
        Assert.False(b.Store.TryGetVersion("key"u8, out _));

        b.Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Null(b.Store.Replication.ApplyDeferred());
        Assert.True(b.Store.TryGetVersion("key"u8, out var version));
        Assert.True(version.IsDeleted);
        Assert.Null(b.Store.Get("key"u8));
    }

    /// <summary>A conflict's loser that expires loses its value in history too, and a winner of the same bytes with another expiry is a conflict.</summary>
    [Fact]
    public void Send_LoserOfAConflictExpires_ItsValueGoesFromHistory()
    {
        using var a = Open();
        using var b = Open();
        a.Store.Put("key"u8, "same"u8, Ttl(Minute));
        b.Time.Advance(TimeSpan.FromSeconds(1));
        b.Store.Put("key"u8, "same"u8);
        PeerStream.Send(a.Store, b.Store);
        PeerStream.Send(b.Store, a.Store);
        foreach (var store in new[] { a.Store, b.Store })
            Assert.True(store.History("key"u8)[1].LostConflict);

        foreach (var open in new[] { a, b })
        {
            open.Time.Advance(2 * Minute);
            Sweep(open.Store);
            Assert.Equal("same", Text(open.Store.Get("key"u8)));
            Assert.Equal([4, 0], open.Store.History("key"u8).Select(entry => entry.Value.Length));
            Assert.True(open.Store.History("key"u8)[1].Version.IsDeleted);
            Assert.False(open.Store.RunMaintenance());
        }
    }

    /// <summary>Puts with and without a time to live, deletions and reads of a few keys against a model, with steps of time, sweeps and reopens in between.</summary>
    [Fact]
    public void RandomOperations_AgainstAModel_AgreeAtEveryStep()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        using var open = Open(inMemory: false);
        var model = new Dictionary<string, (string Value, DateTimeOffset Until)>();
        for (var step = 0; step < 1500; step++)
        {
            var key = $"{random.Next(8)}";
            var bytes = Encoding.UTF8.GetBytes(key);
            var now = open.Time.GetUtcNow();
            var lives = model.TryGetValue(key, out var known) && known.Until > now;
            switch (random.Next(100))
            {
                case < 25:
                    var span = TimeSpan.FromMilliseconds(random.Next(1, 5000));
                    open.Store.Put(bytes, Encoding.UTF8.GetBytes($"{step}"), Ttl(span));
                    model[key] = ($"{step}", now + span);
                    break;
                case < 40:
                    open.Store.Put(bytes, Encoding.UTF8.GetBytes($"{step}"));
                    model[key] = ($"{step}", DateTimeOffset.MaxValue);
                    break;
                case < 50:
                    Assert.True(lives == open.Store.Delete(bytes), $"seed {seed}, step {step}");
                    model.Remove(key);
                    break;
                case < 60:
                    var written = open.Store.TryPut(bytes, Encoding.UTF8.GetBytes($"{step}"), default, out _);
                    Assert.True(!lives == written, $"seed {seed}, step {step}");
                    if (written)
                        model[key] = ($"{step}", DateTimeOffset.MaxValue);
                    break;
                case < 80:
                    Assert.True((lives ? known.Value : null) == Text(open.Store.Get(bytes)), $"seed {seed}, step {step}");
                    break;
                case < 90:
                    open.Time.Advance(TimeSpan.FromMilliseconds(random.Next(2000)));
                    break;
                case < 98:
                    Sweep(open.Store);
                    break;
                default:
                    open.Reopen();
                    break;
            }
        }

        var left = model.Where(item => item.Value.Until > open.Time.GetUtcNow()).Select(item => item.Key).Order(StringComparer.Ordinal);
        Assert.True(left.SequenceEqual(OpenStore.Keys(open.Store)), $"seed {seed}");
    }

    private static OpenStore Open(bool inMemory = true) => new(inMemory, new HonuStoreOptions { MaintenanceInterval = Timeout.InfiniteTimeSpan });

    private static WriteOptions Ttl(TimeSpan timeToLive) => new() { TimeToLive = timeToLive };

    private static void Sweep(HonuStore store)
    {
        while (store.RunMaintenance())
        {
        }
    }

    private static byte[] BlockOf(HonuStore store)
    {
        var block = new RecordBlockWriter();
        using var snapshot = store.Replication.CreateSnapshot();
        snapshot.ReadUncovered("default", new VersionVector(), default, block, int.MaxValue, int.MaxValue);
        return block.Bytes.ToArray();
    }

    private static string? Text(byte[]? value) => value is null ? null : Encoding.UTF8.GetString(value);
}

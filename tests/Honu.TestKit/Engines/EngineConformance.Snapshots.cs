using Honu.Engines;

namespace Honu.TestKit.Engines;

public abstract partial class EngineConformance
{
    [Fact]
    public void Snapshot_AfterWritesRemovalsAndCompaction_ShowsWhatWas()
    {
        Put(Engine, "changed", "1");
        Put(Engine, "removed", "1");
        using var snapshot = Engine.CreateSnapshot();
        Write(Engine, batch =>
        {
            batch.Put("changed"u8, "2"u8);
            batch.Put("added"u8, "2"u8);
            batch.Delete("removed"u8);
        });
        Engine.Compact();

        Assert.Equal(["changed=1", "removed=1"], All(Engine, snapshot));
        Assert.Equal("1", Get(Engine, "changed", snapshot));
        Assert.Equal("1", Get(Engine, "removed", snapshot));
        Assert.Null(Get(Engine, "added", snapshot));
        Assert.Equal(["added=2", "changed=2"], All(Engine));
    }

    [Fact]
    public void Snapshot_OfAnEmptyEngine_StaysEmpty()
    {
        using var snapshot = Engine.CreateSnapshot();
        Put(Engine, "key", "1");

        Assert.Empty(All(Engine, snapshot));
        Assert.Null(Get(Engine, "key", snapshot));
    }

    [Fact]
    public void Snapshot_Several_EachShowsItsOwnMoment()
    {
        var snapshots = new List<EngineSnapshot>();
        for (var i = 0; i < 20; i++)
        {
            Put(Engine, "key", $"{i}");
            snapshots.Add(Engine.CreateSnapshot());
        }

        for (var i = 0; i < snapshots.Count; i++)
        {
            Assert.Equal($"{i}", Get(Engine, "key", snapshots[i]));
            Assert.Equal([$"key={i}"], All(Engine, snapshots[i]));
        }

        foreach (var snapshot in snapshots)
            snapshot.Dispose();
        Assert.Equal("19", Get(Engine, "key"));
    }

    [Fact]
    public void Snapshot_DisposedBeforeItsIterator_LeavesTheIteratorItsView()
    {
        Put(Engine, "a", "1");
        Put(Engine, "b", "1");
        var snapshot = Engine.CreateSnapshot();
        using var iterator = Engine.CreateIterator(snapshot);
        Put(Engine, "a", "2");
        snapshot.Dispose();
        Put(Engine, "b", "2");

        iterator.Seek([]);
        Assert.Equal("1"u8.ToArray(), iterator.Value.ToArray());
        iterator.Next();
        Assert.Equal("1"u8.ToArray(), iterator.Value.ToArray());
    }

    [Fact]
    public void Snapshot_UsedAfterDispose_SaysSo()
    {
        Put(Engine, "key", "1");
        var snapshot = Engine.CreateSnapshot();
        snapshot.Dispose();
        snapshot.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Get(Engine, "key", snapshot));
        Assert.Throws<ObjectDisposedException>(() => Engine.CreateIterator(snapshot).Dispose());
    }

    [Fact]
    public void Snapshot_OfAnotherEngine_IsAnArgumentError()
    {
        using var directory = new TestDirectory();
        using var other = Factory.Open(directory.Path, new HonuStoreOptions());
        using var memory = new MemoryEngine();
        using var snapshot = other.CreateSnapshot();
        using var ofAnotherKind = memory.CreateSnapshot();

        Assert.Throws<ArgumentException>(() => Get(Engine, "key", snapshot));
        Assert.Throws<ArgumentException>(() => Engine.CreateIterator(snapshot).Dispose());
        Assert.Throws<ArgumentException>(() => Get(Engine, "key", ofAnotherKind));
        Assert.Throws<ArgumentException>(() => Engine.CreateIterator(ofAnotherKind).Dispose());
    }

    [Fact]
    public async Task Snapshot_ReadByManyThreads_GivesAllTheSame()
    {
        for (var i = 0; i < 100; i++)
            Write(Engine, batch => batch.Put(Key(i), Key(i)));
        using var snapshot = Engine.CreateSnapshot();
        var engine = Engine;
        var expected = All(engine);

        var readers = Enumerable.Range(0, 4).Select(reader => Guard.RunWithin(() =>
        {
            for (var round = 0; round < 20; round++)
            {
                Assert.Equal(expected, All(engine, snapshot));
                using var found = engine.Get(Key((reader * 20) + round), snapshot);
                Assert.Equal(Key((reader * 20) + round), found.Span.ToArray());
            }
        })).ToList();
        for (var i = 0; i < 100; i++)
            Write(Engine, batch => batch.Put(Key(i), "new"u8));

        await Guard.Within(Task.WhenAll(readers));
    }
}

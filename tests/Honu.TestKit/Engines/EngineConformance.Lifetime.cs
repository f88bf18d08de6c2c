namespace Honu.TestKit.Engines;

public abstract partial class EngineConformance
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Reopen_AfterDispose_ShowsWhatWasWrittenIfTheEngineIsDurable(bool sync)
    {
        Put(Engine, "removed", "1");
        Put(Engine, "key", "1");
        Put(Engine, "key", "2");
        Write(Engine, batch => batch.Put("large"u8, new byte[1 << 20]));
        Delete(Engine, "removed");
        Put(Engine, "", "empty", sync);

        Reopen();

        Assert.Equal(Factory.UsesDirectory ? "2" : null, Get(Engine, "key"));
        Assert.Equal(Factory.UsesDirectory ? "empty" : null, Get(Engine, ""));
        Assert.Null(Get(Engine, "removed"));
        Put(Engine, "key", "3");
        Assert.Equal("3", Get(Engine, "key"));
    }

    [Fact]
    public void Reopen_ManyTimes_KeepsEverything()
    {
        for (var i = 0; i < 5; i++)
        {
            Put(Engine, $"key{i}", $"{i}");
            if (Factory.UsesDirectory)
                Reopen();
        }

        Assert.Equal(["key0=0", "key1=1", "key2=2", "key3=3", "key4=4"], All(Engine));
    }

    [Fact]
    public void Open_ASecondTime_IsLockedUnderEverySpelling()
    {
        if (!Factory.UsesDirectory)
            return;
        Put(Engine, "key", "1");
        using var links = new TestDirectory();
        Directory.CreateSymbolicLink(links.Combine("link"), Path);

        foreach (var spelling in new[] { Path, Path + "/", System.IO.Path.Combine(Path, "."), links.Combine("link") })
        {
            var error = Assert.Throws<HonuStoreLockedException>(() => Factory.Open(spelling, new HonuStoreOptions()));
            Assert.DoesNotContain('\n', error.Message);
        }

        // A failed second open must not have let go of the first one's lock or data.
        Assert.Throws<HonuStoreLockedException>(() => Factory.Open(Path, new HonuStoreOptions()));
        Put(Engine, "key", "2");
        Assert.Equal("2", Get(Engine, "key"));
    }

    [Fact]
    public void Open_DirectoryOfAnotherEngine_IsRefusedAndStaysAsItIs()
    {
        if (!Factory.UsesDirectory)
            return;
        File.WriteAllText(System.IO.Path.Combine(Path, "HONU"), "honu format 1\n");
        File.WriteAllText(System.IO.Path.Combine(Path, "data.other"), "another engine's");
        var before = TestDirectory.Fingerprint(Path);

        var error = Assert.ThrowsAny<HonuException>(() => Factory.Open(Path, new HonuStoreOptions()));

        Assert.Equal(HonuErrorCode.NotAStore, error.Code);
        Assert.Equal(before, TestDirectory.Fingerprint(Path));
    }

    [Fact]
    public void Open_DirectoryOfHonusOwnFilesOnly_Opens()
    {
        File.WriteAllText(System.IO.Path.Combine(Path, "HONU"), "honu format 1\n");

        Put(Engine, "key", "1");

        Assert.Equal("1", Get(Engine, "key"));
    }

    [Fact]
    public void Dispose_Twice_DoesNothing()
    {
        var engine = Engine;
        Put(engine, "key", "1");

        engine.Dispose();
        engine.Dispose();
    }

    [Fact]
    public void Engine_UsedAfterDispose_SaysSo()
    {
        var engine = Engine;
        using var batch = engine.CreateBatch();
        batch.Put("key"u8, "1"u8);
        var snapshot = engine.CreateSnapshot();
        engine.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Get(engine, "key"));
        Assert.Throws<ObjectDisposedException>(() => Get(engine, "key", snapshot));
        Assert.Throws<ObjectDisposedException>(() => engine.Write(batch, sync: false));
        Assert.Throws<ObjectDisposedException>(() => engine.CreateIterator().Dispose());
        Assert.Throws<ObjectDisposedException>(() => engine.CreateIterator(snapshot).Dispose());
        Assert.Throws<ObjectDisposedException>(() => engine.CreateSnapshot().Dispose());
        Assert.Throws<ObjectDisposedException>(engine.Sync);
        Assert.Throws<ObjectDisposedException>(engine.Compact);
        Assert.Throws<ObjectDisposedException>(() => engine.GetApproximateSize([], []));
        Assert.Throws<ObjectDisposedException>(() => engine.GetMemoryBytes());
        snapshot.Dispose();
    }

    [Fact]
    public void Dispose_WithLiveSnapshotsAndIterators_EndsThemAndLetsTheDirectoryGo()
    {
        Put(Engine, "a", "1");
        Put(Engine, "b", "1");
        var snapshot = Engine.CreateSnapshot();
        var standing = Engine.CreateIterator();
        standing.Seek([]);
        var unpositioned = Engine.CreateIterator(snapshot);

        Engine.Dispose();

        Assert.Throws<ObjectDisposedException>(standing.Next);
        Assert.Throws<ObjectDisposedException>(() => standing.IsValid);
        Assert.Throws<ObjectDisposedException>(() => unpositioned.Seek([]));
        Assert.Throws<ObjectDisposedException>(unpositioned.ThrowIfFailed);
        standing.Dispose();
        standing.Dispose();
        unpositioned.Dispose();
        snapshot.Dispose();
        Reopen();
        Assert.Equal(Factory.UsesDirectory ? 2 : 0, All(Engine).Count);
    }

    [Fact]
    public void Batch_UsedAfterDispose_SaysSo()
    {
        var batch = Engine.CreateBatch();
        batch.Put("key"u8, "1"u8);
        batch.Dispose();
        batch.Dispose();

        Assert.Throws<ObjectDisposedException>(() => batch.Put("key"u8, "1"u8));
        Assert.Throws<ObjectDisposedException>(() => batch.Delete("key"u8));
        Assert.Throws<ObjectDisposedException>(batch.Clear);
        Assert.Throws<ObjectDisposedException>(() => Engine.Write(batch, sync: false));
        Assert.Empty(All(Engine));
    }

    [Fact]
    public void Iterator_UsedAfterDispose_SaysSo()
    {
        Put(Engine, "key", "1");
        var iterator = Engine.CreateIterator();
        iterator.Seek([]);
        iterator.Dispose();
        iterator.Dispose();

        Assert.Throws<ObjectDisposedException>(() => iterator.IsValid);
        Assert.Throws<ObjectDisposedException>(() => iterator.Key.Length);
        Assert.Throws<ObjectDisposedException>(() => iterator.Seek([]));
        Assert.Throws<ObjectDisposedException>(iterator.Next);
    }

    /// <summary>Goal: closing while others read ends their reads with an exception. Method: readers go on until they are told.</summary>
    [Fact]
    public async Task Dispose_WhileOthersRead_EndsTheirReads()
    {
        for (var i = 0; i < 100; i++)
            Write(Engine, batch => batch.Put(Key(i), Key(i)));
        var engine = Engine;
        using var started = new CountdownEvent(3);

        var readers = Enumerable.Range(0, 3).Select(_ => Guard.RunWithin(() =>
        {
            var isFirst = true;
            while (true)
            {
                try
                {
                    Assert.Equal(100, All(engine).Count);
                    using var snapshot = engine.CreateSnapshot();
                    using var found = engine.Get(Key(7), snapshot);
                    Assert.True(found.Found);
                }
                catch (ObjectDisposedException)
                {
                    // What the reader waits for.
                    return;
                }

                if (isFirst)
                    started.Signal();
                isFirst = false;
            }
        })).ToList();
        await Guard.RunWithin(() => started.Wait(Guard.DefaultTimeout));
        await Guard.RunWithin(engine.Dispose);

        await Guard.Within(Task.WhenAll(readers));
        Reopen();
        Assert.Equal(Factory.UsesDirectory ? 100 : 0, All(Engine).Count);
    }
}

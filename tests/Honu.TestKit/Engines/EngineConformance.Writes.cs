using System.Globalization;
using System.Text;
using Honu.Engines;

namespace Honu.TestKit.Engines;

public abstract partial class EngineConformance
{
    [Fact]
    public void Write_SeveralOperationsOnOneKey_TheLastWins()
    {
        Put(Engine, "gone", "old");

        Write(Engine, batch =>
        {
            batch.Put("kept"u8, "1"u8);
            batch.Delete("kept"u8);
            batch.Put("kept"u8, "2"u8);
            batch.Put("gone"u8, "3"u8);
            batch.Delete("gone"u8);
            batch.Delete("never there"u8);
            Assert.Equal(6, batch.Count);
        });

        Assert.Equal(["kept=2"], All(Engine));
    }

    [Fact]
    public void Write_Overwrite_ReplacesTheValueAlsoByAShorterOne()
    {
        Put(Engine, "key", new string('x', 10_000));
        Put(Engine, "key", "short");

        Assert.Equal(["key=short"], All(Engine));
    }

    [Fact]
    public void Write_ClearedBatch_HoldsNothingOfItsEarlierUse()
    {
        using var batch = Engine.CreateBatch();
        batch.Put("first"u8, "1"u8);
        Engine.Write(batch, sync: false);
        batch.Clear();
        Assert.Equal(0, batch.Count);
        batch.Put("second"u8, "2"u8);
        Delete(Engine, "first");

        Engine.Write(batch, sync: false);

        Assert.Equal(["second=2"], All(Engine));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_EmptyBatch_ChangesNothing(bool sync)
    {
        Put(Engine, "key", "1");

        Write(Engine, _ => { }, sync);

        Assert.Equal(["key=1"], All(Engine));
    }

    [Fact]
    public void Write_SpansChangedAfterwards_AreOfNoConcern()
    {
        var key = "key"u8.ToArray();
        var value = "value"u8.ToArray();
        using var batch = Engine.CreateBatch();
        batch.Put(key, value);
        key.AsSpan().Clear();
        value.AsSpan().Clear();

        Engine.Write(batch, sync: false);

        Assert.Equal(["key=value"], All(Engine));
    }

    [Fact]
    public void Write_BatchOfAnotherEngine_IsAnArgumentError()
    {
        Assert.Throws<ArgumentException>(() => Engine.Write(new RecordedBatch(), sync: false));

        Put(Engine, "key", "still writable");
        Assert.Equal("still writable", Get(Engine, "key"));
    }

    [Fact]
    public void Sync_BeforeBetweenAndAfterWrites_ReturnsAndChangesNothing()
    {
        Engine.Sync();
        Put(Engine, "a", "1", sync: true);
        Engine.Sync();
        Put(Engine, "b", "2");
        Engine.Sync();
        Engine.Sync();

        Assert.Equal(["a=1", "b=2"], All(Engine));
    }

    [Fact]
    public void Compact_AfterOverwritesAndRemovals_KeepsWhatIsThere()
    {
        for (var round = 0; round < 3; round++)
        {
            Write(Engine, batch =>
            {
                for (var i = 0; i < 200; i++)
                    batch.Put(Key(i), new byte[500]);
            });
        }

        Write(Engine, batch =>
        {
            for (var i = 0; i < 199; i++)
                batch.Delete(Key(i));
        });

        Engine.Compact();

        Assert.Single(All(Engine));
        Put(Engine, "key", "still writable");
        Assert.Equal("still writable", Get(Engine, "key"));
    }

    /// <summary>Goal: nobody sees half a batch. Method: each batch sets three keys to its number, while readers look at all three at once.</summary>
    [Fact]
    public async Task Write_WhileOthersRead_ShowsWholeBatchesOnlyAndNeverGoesBack()
    {
        const int batches = 300;
        const int readers = 3;
        Set(0);
        var engine = Engine;
        using var done = new CancellationTokenSource();
        var reading = Enumerable.Range(0, readers).Select(reader => Guard.RunWithin(() =>
        {
            var seen = 0;
            do
            {
                var values = reader % 2 == 0 ? BySnapshot(engine) : ByIterator(engine);
                Assert.True(values.TrueForAll(value => value == values[0]), $"half a batch: {string.Join(", ", values)}");
                Assert.True(values[0] >= seen, $"went back from {seen} to {values[0]}");
                seen = values[0];
                var single = Number(Get(engine, "b")!);
                Assert.True(single >= seen, $"a single read went back from {seen} to {single}");
            }
            while (!done.IsCancellationRequested);
        })).ToList();

        try
        {
            for (var number = 1; number <= batches; number++)
                Set(number);
        }
        finally
        {
            await done.CancelAsync();
        }

        await Guard.Within(Task.WhenAll(reading));
        Assert.Equal(batches, Number(Get(engine, "c")!));

        void Set(int number) => Write(Engine, batch =>
        {
            var value = Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
            batch.Put("a"u8, value);
            batch.Put("b"u8, value);
            batch.Put("c"u8, value);
        });
    }

    private static List<int> BySnapshot(IStorageEngine engine)
    {
        using var snapshot = engine.CreateSnapshot();
        return [Number(Get(engine, "a", snapshot)!), Number(Get(engine, "b", snapshot)!), Number(Get(engine, "c", snapshot)!)];
    }

    private static List<int> ByIterator(IStorageEngine engine)
    {
        var entries = All(engine);
        Assert.Equal(3, entries.Count);
        return [.. entries.Select(entry => Number(entry[2..]))];
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

using Honu.Engines;

namespace Honu.TestKit.Engines;

public abstract partial class EngineConformance
{
    /// <summary>Goal: the engine is a sorted map for every sequence of calls. Method: the same calls on a sorted dictionary, compared at every step.</summary>
    [Fact]
    public void RandomOperations_MatchASortedDictionary() => Seeds.Run(usualSeed: 30_001, usualRuns: 40, CheckRandomRun);

    private void CheckRandomRun(int seed)
    {
        using var directory = new TestDirectory();
        var bytes = new ByteGenerator(seed);
        var model = new SortedDictionary<byte[], byte[]>(ModelStore.KeyOrder);
        var snapshots = new List<(EngineSnapshot Snapshot, SortedDictionary<byte[], byte[]> Model)>();
        var engine = Factory.Open(directory.Path, new HonuStoreOptions());
        try
        {
            var operations = Seeds.Operations(usual: 200);
            for (var i = 0; i < operations; i++)
            {
                switch (bytes.Random.Next(100))
                {
                    case < 45:
                        WriteRandomBatch(engine, model, bytes);
                        break;
                    case < 60:
                        CheckGet(engine, model, bytes);
                        break;
                    case < 80:
                        CheckWalk(engine, snapshot: null, model, bytes);
                        break;
                    case < 86 when snapshots.Count < 4:
                        snapshots.Add((engine.CreateSnapshot(), new SortedDictionary<byte[], byte[]>(model, ModelStore.KeyOrder)));
                        break;
                    case < 94 when snapshots.Count > 0:
                        var (snapshot, then) = bytes.Any(snapshots);
                        CheckWalk(engine, snapshot, then, bytes);
                        break;
                    case < 96 when snapshots.Count > 0:
                        snapshots[0].Snapshot.Dispose();
                        snapshots.RemoveAt(0);
                        break;
                    case 97:
                        engine.Sync();
                        break;
                    case 98:
                        engine.Compact();
                        break;
                    case 99 when Factory.UsesDirectory:
                        CloseAll(snapshots);
                        engine.Dispose();
                        engine = Factory.Open(directory.Path, new HonuStoreOptions());
                        CheckAll(engine, snapshot: null, model);
                        break;
                }
            }

            CheckAll(engine, snapshot: null, model);
            foreach (var (snapshot, then) in snapshots)
                CheckAll(engine, snapshot, then);
        }
        finally
        {
            CloseAll(snapshots);
            engine.Dispose();
        }
    }

    private static void CloseAll(List<(EngineSnapshot Snapshot, SortedDictionary<byte[], byte[]> Model)> snapshots)
    {
        foreach (var (snapshot, _) in snapshots)
            snapshot.Dispose();
        snapshots.Clear();
    }

    private static byte[] RandomKey(ByteGenerator bytes) => bytes.Random.Next(30) == 0 ? [] : bytes.Key();

    private static void WriteRandomBatch(IStorageEngine engine, SortedDictionary<byte[], byte[]> model, ByteGenerator bytes) => Write(
        engine,
        batch =>
        {
            for (var left = bytes.Random.Next(6); left > 0; left--)
            {
                var key = RandomKey(bytes);
                if (bytes.Random.Next(3) == 0)
                {
                    batch.Delete(key);
                    model.Remove(key);
                }
                else
                {
                    var value = bytes.Random.Next(500) == 0 ? bytes.LargeValue() : bytes.Value(6000);
                    batch.Put(key, value);
                    model[key] = value;
                }
            }
        },
        sync: bytes.Random.Next(20) == 0);

    private static void CheckGet(IStorageEngine engine, SortedDictionary<byte[], byte[]> model, ByteGenerator bytes)
    {
        var key = RandomKey(bytes);
        using var found = engine.Get(key);
        Assert.Equal(model.TryGetValue(key, out var expected), found.Found);
        Assert.True(found.Span.SequenceEqual(expected), $"other bytes under 0x{Convert.ToHexString(key)}");
    }

    /// <summary>A seek and then steps both ways, as a range scan does.</summary>
    private static void CheckWalk(IStorageEngine engine, EngineSnapshot? snapshot, SortedDictionary<byte[], byte[]> model, ByteGenerator bytes)
    {
        var keys = model.Keys.ToList();
        var from = RandomKey(bytes);
        using var iterator = engine.CreateIterator(snapshot);
        var at = keys.FindIndex(key => ModelStore.KeyOrder.Compare(key, from) >= 0);
        at = at < 0 ? keys.Count : at;
        if (bytes.Random.Next(2) == 0)
        {
            iterator.Seek(from);
        }
        else
        {
            iterator.SeekBefore(from);
            at--;
        }

        var isForward = bytes.Random.Next(2) == 0;
        for (var steps = bytes.Random.Next(12); ; steps--)
        {
            var isInside = at >= 0 && at < keys.Count;
            Assert.Equal(isInside, iterator.IsValid);
            if (!isInside || steps == 0)
                break;
            Assert.Equal(Convert.ToHexString(keys[at]), Convert.ToHexString(iterator.Key));
            Assert.True(iterator.Value.SequenceEqual(model[keys[at]]), "the iterator shows other bytes");
            if (bytes.Random.Next(6) == 0)
                isForward = !isForward;
            at += isForward ? 1 : -1;
            if (isForward)
                iterator.Next();
            else
                iterator.Previous();
        }

        iterator.ThrowIfFailed();
    }

    private static void CheckAll(IStorageEngine engine, EngineSnapshot? snapshot, SortedDictionary<byte[], byte[]> model)
    {
        using var iterator = engine.CreateIterator(snapshot);
        iterator.Seek([]);
        foreach (var (key, value) in model)
        {
            Assert.True(iterator.IsValid, $"0x{Convert.ToHexString(key)} is missing at the end");
            Assert.Equal(Convert.ToHexString(key), Convert.ToHexString(iterator.Key));
            Assert.True(iterator.Value.SequenceEqual(value));
            iterator.Next();
        }

        Assert.False(iterator.IsValid);
        iterator.ThrowIfFailed();
    }
}

using Honu.Engines;
using Honu.TestKit.Engines;

namespace Honu.Tests.Engines;

public sealed class LevelDbEngineTests : EngineConformance
{
    protected override IStorageEngineFactory Factory => LevelDbEngine.Factory;

    [Fact]
    public void Get_FoundMissingAndAtASnapshot_AllocatesNothing()
    {
        Put(Engine, "key", new string('x', 4096));
        var engine = Engine;
        using var snapshot = engine.CreateSnapshot();
        Read(engine, snapshot, rounds: 200); // compiled, and the snapshot's options made

        var before = GC.GetAllocatedBytesForCurrentThread();
        Read(engine, snapshot, rounds: 1000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Read(IStorageEngine engine, EngineSnapshot snapshot, int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            using (var found = engine.Get("key"u8))
                _ = found.Span.Length;
            using (var atSnapshot = engine.Get("key"u8, snapshot))
                _ = atSnapshot.Span.Length;
            using (var missing = engine.Get("none"u8))
                _ = missing.Found;
        }
    }
}

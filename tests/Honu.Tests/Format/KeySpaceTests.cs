using Honu.Engines;
using Honu.Format;
using Honu.TestKit;

namespace Honu.Tests.Format;

public class KeySpaceTests
{
    [Fact]
    public void IndexKey_AnyVersion_RoundTripsAndSortsByReplicaThenScalar()
    {
        ulong[] numbers = [1, 2, 255, 256, 1UL << 32, (1UL << 63) - 1];
        uint[] pids = [0, 1, 255, 256, uint.MaxValue];
        var previous = Array.Empty<byte>();
        foreach (var pid in pids)
        {
            foreach (var epoch in pids)
            {
                foreach (var scalar in numbers)
                {
                    var key = KeySpaces.IndexKey(new byte[KeySpaces.IndexKeyBytes], 3, new ReplicaId(pid, epoch), scalar).ToArray();

                    Assert.True(previous.AsSpan().SequenceCompareTo(key) < 0);
                    Assert.True(KeySpaces.TryReadIndexKey(key, 3, out var version));
                    Assert.Equal(new VersionId(scalar, new ReplicaId(pid, epoch)), version);
                    Assert.False(KeySpaces.TryReadIndexKey(key, 4, out _));
                    Assert.False(KeySpaces.TryReadIndexKey(key.AsSpan(1), 3, out _));
                    previous = key;
                }
            }
        }
    }

    [Fact]
    public void HistoryKey_KeysOfDifferentLength_NeverInterleave() => Seeds.Run(usualSeed: 1, usualRuns: 200, static seed =>
    {
        var generator = new ByteGenerator(seed);
        var (one, other) = (generator.Key(), generator.Key());
        if (one.AsSpan().SequenceEqual(other))
            return;
        var buffer = new byte[KeySpaces.MaxKeyBytes];
        var keys = new List<(byte[] Engine, byte[] Owner)>();
        foreach (var owner in new[] { one, other })
        {
            foreach (var slot in new ulong[] { 0, 1, 255, 256, ulong.MaxValue })
                keys.Add((KeySpaces.HistoryKey(buffer, 1, owner, slot).ToArray(), owner));
        }

        var owners = keys.OrderBy(static key => key.Engine, ModelStore.KeyOrder).Select(static key => key.Owner).ToList();

        Assert.Equal(1, owners.Zip(owners.Skip(1)).Count(static pair => !ReferenceEquals(pair.First, pair.Second)));
        var prefix = KeySpaces.HistoryPrefix(new byte[KeySpaces.MaxKeyBytes], 1, one).ToArray();
        Assert.All(keys, key => Assert.Equal(ReferenceEquals(key.Owner, one), key.Engine.AsSpan().StartsWith(prefix)));
    });

    [Theory]
    [InlineData("00", "01")]
    [InlineData("41FF", "42")]
    [InlineData("41FFFF", "42")]
    [InlineData("FF", "")]
    [InlineData("FFFF", "")]
    [InlineData("", "")]
    public void PrefixEnd_OfAPrefix_IsTheFirstKeyBehindIt(string prefix, string end)
    {
        var actual = KeySpaces.PrefixEnd(Convert.FromHexString(prefix)).ToArray();

        Assert.Equal(end, Convert.ToHexString(actual));
    }

    [Fact]
    public void MetaRecord_AnyByteChangedOrMoved_IsCorruption()
    {
        using var engine = new MemoryEngine();
        using var batch = engine.CreateBatch();
        var key = MetaRecords.Key("clock");
        MetaRecords.Put(batch, key, "payload"u8);
        engine.Write(batch, sync: false);
        byte[] stored;
        using (var value = engine.Get(key))
            stored = value.Span.ToArray();

        Assert.Equal("payload"u8.ToArray(), MetaRecords.Get(engine, key));
        Assert.Null(MetaRecords.Get(engine, MetaRecords.Key("other")));
        Assert.Throws<HonuCorruptionException>(() => MetaRecords.Open(MetaRecords.Key("clocl"), stored).ToArray());
        for (var length = 0; length < stored.Length; length++)
            Assert.Throws<HonuCorruptionException>(() => MetaRecords.Open(key, stored.AsSpan(0, length)).ToArray());
        for (var bit = 0; bit < stored.Length * 8; bit++)
        {
            var broken = (byte[])stored.Clone();
            broken[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<HonuCorruptionException>(() => MetaRecords.Open(key, broken).ToArray());
        }
    }

    [Fact]
    public void IndexEntry_AnyByteChangedOrMoved_IsCorruption()
    {
        using var engine = new MemoryEngine();
        using var batch = engine.CreateBatch();
        var version = new VersionId(5, new ReplicaId(1, 0));
        var key = new byte[StoreLimits.MaxKeyBytes];
        IndexEntry.Put(batch, 1, version, key, new byte[IndexEntry.MaxValueBytes]);
        engine.Write(batch, sync: false);
        var engineKey = KeySpaces.IndexKey(new byte[KeySpaces.IndexKeyBytes], 1, version.Replica, version.Scalar).ToArray();
        byte[] stored;
        using (var value = engine.Get(engineKey))
            stored = value.Span.ToArray();

        Assert.True(IndexEntry.ReadKey(engineKey, stored).SequenceEqual(key));
        stored[^1] ^= 1;
        Assert.Throws<HonuCorruptionException>(() => IndexEntry.ReadKey(engineKey, stored).ToArray());
        stored[^1] ^= 1;
        engineKey[^1] ^= 1;
        Assert.Throws<HonuCorruptionException>(() => IndexEntry.ReadKey(engineKey, stored).ToArray());
        Assert.Throws<HonuCorruptionException>(() => IndexEntry.ReadKey(engineKey, [1, 2, 3, 4]).ToArray());
    }

    [Fact]
    public void StoreIdentity_EncodedAndDecoded_IsTheSame()
    {
        var identity = new StoreIdentity
        {
            StoreId = Guid.NewGuid(),
            Incarnation = Guid.NewGuid(),
            Replica = new ReplicaId(uint.MaxValue, 77),
            Cluster = "grün",
            Clock = VersionClock.Lamport,
            PidIsGiven = true,
        };

        Assert.Equal(identity, StoreIdentity.Decode(identity.Encode()));
        Assert.Null(StoreIdentity.Decode(identity.Encode().AsSpan(0, 41)));
    }

    [Fact]
    public void RecordChecksum_KnownAnswers_AreCrc32C()
    {
        Assert.Equal(0xE3069283u, RecordChecksum.Of("123456789"u8));
        Assert.Equal(0u, RecordChecksum.Of([]));
        Assert.Equal(0x8A9136AAu, RecordChecksum.Of(new byte[32]));
    }

    [Fact]
    public void RecordBlock_RandomBytes_NeverThrowsAndNeverGoesBackwards() => Seeds.Run(usualSeed: 1, usualRuns: 2000, static seed =>
    {
        var generator = new ByteGenerator(seed);
        var block = new RecordBlockReader(generator.Bytes(generator.Random.Next(100)));
        var taken = 0;

        while (block.MoveNext())
            taken += block.Key.Length + block.Record.Length + 2;

        Assert.InRange(taken, 0, 100);
    });

    [Theory]
    [InlineData("FFFFFFFF0F")]
    [InlineData("FFFFFFFF7F")]
    [InlineData("FFFFFFFFFF01")]
    [InlineData("80")]
    [InlineData("0141")]
    [InlineData("014102")]
    public void RecordBlock_ImpossibleLength_IsMalformed(string hex)
    {
        var block = new RecordBlockReader(Convert.FromHexString(hex));

        Assert.False(block.MoveNext());
        Assert.True(block.IsMalformed);
    }
}

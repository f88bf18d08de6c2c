using Honu.Lookup;
using Honu.TestKit;

namespace Honu.Tests.Lookup;

/// <summary>A head that is found is the one that was set last for exactly that key; which ones are forgotten is left open.</summary>
public sealed class HeadCacheTests
{
    private static readonly KeyHash Hash = new(Enumerable.Range(1, 32).Select(static i => (byte)i).ToArray());

    [Fact]
    public void TryFind_RandomUse_NeverGivesAnothersHead()
    {
        Seeds.Run(1, 20, static seed =>
        {
            var random = new Random(seed);
            using var cache = new HeadCache(Hash, 64);
            var keys = Enumerable.Range(0, 200).Select(i => Key(random, i)).DistinctBy(Convert.ToHexString).ToArray();
            var model = new Dictionary<(ushort, string), Head>();
            var hits = 0;
            for (var step = 0; step < 3000; step++)
            {
                var key = keys[random.Next(keys.Length)];
                var ns = (ushort)random.Next(2);
                var hash = Hash.Of(ns, key);
                var name = (ns, Convert.ToHexString(key));
                var isFound = cache.TryFind(hash, ns, key, out var head, out var at);
                if (isFound)
                {
                    hits++;
                    Assert.True(model.TryGetValue(name, out var expected) && expected == head, $"a wrong head for {name}");
                }

                if (random.Next(10) == 0)
                {
                    cache.Remove(hash, ns, key);
                    model.Remove(name);
                }
                else
                {
                    var next = new Head(new VersionId((ulong)step + 1, new ReplicaId((uint)random.Next(3), 7)), (ulong)random.Next(20), random.Next(2) == 0, (uint)random.Next());
                    cache.Set(at, hash, ns, key, next);
                    model[name] = next;
                }
            }

            Assert.True(hits > 100, $"only {hits} hits");
        });
    }

    [Fact]
    public void TryFind_LastSetKey_IsFound()
    {
        using var cache = new HeadCache(Hash, 8);
        for (var i = 0; i < 100; i++)
        {
            var key = BitConverter.GetBytes(i);
            var hash = Hash.Of(0, key);
            cache.TryFind(hash, 0, key, out _, out var at);
            cache.Set(at, hash, 0, key, new Head(new VersionId((ulong)i + 1, default), 0, IsTombstone: false, Checksum: 0));

            Assert.True(cache.TryFind(hash, 0, key, out var head, out _));
            Assert.Equal((ulong)i + 1, head.Version.Scalar);
        }

        cache.Clear();
        Assert.False(cache.TryFind(Hash.Of(0, BitConverter.GetBytes(99)), 0, BitConverter.GetBytes(99), out _, out _));
    }

    [Fact]
    public void Set_NoEntries_RemembersNothing()
    {
        using var cache = new HeadCache(Hash, 0);
        cache.Prefetch(5);
        cache.Set(-1, 5, 0, "k"u8, default);

        Assert.False(cache.TryFind(5, 0, "k"u8, out _, out _));
    }

    // Lengths around the limit of what is kept inline, with long common beginnings.
    private static byte[] Key(Random random, int i)
    {
        var key = new byte[random.Next(3) switch { 0 => 4, 1 => 32, _ => 33 + random.Next(40) }];
        BitConverter.TryWriteBytes(key.AsSpan(key.Length - 4), i);
        return key;
    }
}

using System.Text;
using Honu.Engines;

namespace Honu.TestKit.Engines;

public abstract partial class EngineConformance
{
    [Fact]
    public void Iterator_OnAnEmptyEngine_IsNeverValid()
    {
        using var iterator = Engine.CreateIterator();

        Assert.False(iterator.IsValid);
        iterator.Seek([]);
        Assert.False(iterator.IsValid);
        iterator.SeekBefore([0xFF]);
        Assert.False(iterator.IsValid);
        iterator.ThrowIfFailed();
    }

    [Fact]
    public void Iterator_OverAllKeys_GoesInTheOrderOfUnsignedBytes()
    {
        byte[][] keys = [[], [0], [0, 0], [0, 1], [1], [0x61], [0x61, 0], [0x61, 0xFF], [0x62], [0x7F], [0x80], [0xFF], [0xFF, 0], [0xFF, 0xFF]];
        Write(Engine, batch =>
        {
            foreach (var key in keys.Reverse())
                batch.Put(key, key);
        });
        using var iterator = Engine.CreateIterator();

        var upwards = new List<byte[]>();
        for (iterator.Seek([]); iterator.IsValid; iterator.Next())
        {
            Assert.Equal(iterator.Key.ToArray(), iterator.Value.ToArray());
            upwards.Add(iterator.Key.ToArray());
        }

        var downwards = new List<byte[]>();
        for (iterator.SeekBefore([0xFF, 0xFF, 0xFF]); iterator.IsValid; iterator.Previous())
            downwards.Add(iterator.Key.ToArray());

        iterator.ThrowIfFailed();
        Assert.Equal(keys, upwards);
        Assert.Equal(keys.Reverse(), downwards);
    }

    [Theory]
    [InlineData("", "b", null)]
    [InlineData("a", "b", null)]
    [InlineData("b", "b", null)]
    [InlineData("b\0", "d", "b")]
    [InlineData("c", "d", "b")]
    [InlineData("d", "d", "b")]
    [InlineData("e", "f", "d")]
    [InlineData("f", "f", "d")]
    [InlineData("g", null, "f")]
    public void Seek_AnyKey_StandsOnTheNextAndSeekBeforeOnThePreviousOne(string key, string? next, string? previous)
    {
        foreach (var present in new[] { "b", "d", "f" })
            Put(Engine, present, present);
        using var iterator = Engine.CreateIterator();

        iterator.Seek(Encoding.UTF8.GetBytes(key));
        Assert.Equal(next, Standing(iterator));
        iterator.SeekBefore(Encoding.UTF8.GetBytes(key));
        Assert.Equal(previous, Standing(iterator));
        iterator.ThrowIfFailed();
    }

    [Fact]
    public void Iterator_TurningAround_VisitsEachNeighbour()
    {
        foreach (var present in new[] { "a", "b", "c", "d" })
            Put(Engine, present, present);
        using var iterator = Engine.CreateIterator();

        iterator.Seek("b"u8);
        var visited = new List<string?> { Standing(iterator) };
        foreach (var forward in new[] { true, false, false, true, true, true, false })
        {
            if (forward)
                iterator.Next();
            else
                iterator.Previous();
            visited.Add(Standing(iterator));
        }

        Assert.Equal(["b", "c", "b", "a", "b", "c", "d", "c"], visited);
        iterator.Previous();
        iterator.Previous();
        iterator.Previous();
        Assert.False(iterator.IsValid);
        iterator.SeekBefore("z"u8);
        iterator.Next();
        Assert.False(iterator.IsValid);
        iterator.ThrowIfFailed();
    }

    [Fact]
    public void Seek_ByItsOwnKey_StandsWhereItStood()
    {
        Put(Engine, "a", "1");
        Put(Engine, "b", "2");
        using var iterator = Engine.CreateIterator();
        iterator.Seek("b"u8);

        iterator.Seek(iterator.Key);
        Assert.Equal("b", Standing(iterator));
        iterator.SeekBefore(iterator.Key);
        Assert.Equal("a", Standing(iterator));
        iterator.Seek(iterator.Key);
        Assert.Equal("a", Standing(iterator));
    }

    [Fact]
    public void Iterator_NotOnAnEntry_SaysSo()
    {
        Put(Engine, "a", "1");
        using var iterator = Engine.CreateIterator();

        Assert.Throws<InvalidOperationException>(() => iterator.Key.Length);
        Assert.Throws<InvalidOperationException>(() => iterator.Value.Length);
        Assert.Throws<InvalidOperationException>(iterator.Next);
        Assert.Throws<InvalidOperationException>(iterator.Previous);
        iterator.Seek("b"u8);
        Assert.Throws<InvalidOperationException>(() => iterator.Key.Length);
        Assert.Throws<InvalidOperationException>(iterator.Next);
        Assert.Throws<InvalidOperationException>(iterator.Previous);

        iterator.Seek([]);
        Assert.Equal("a", Standing(iterator));
    }

    [Fact]
    public void Iterator_UnderWrites_ShowsTheMomentOfItsCreation()
    {
        for (var i = 0; i < 50; i++)
            Write(Engine, batch => batch.Put(Key(i * 2), "old"u8));
        using var iterator = Engine.CreateIterator();
        var seen = 0;

        for (iterator.Seek([]); iterator.IsValid; iterator.Next(), seen++)
        {
            Assert.Equal(Key(seen * 2), iterator.Key.ToArray());
            Assert.Equal("old"u8.ToArray(), iterator.Value.ToArray());
            Write(Engine, batch =>
            {
                batch.Put(Key(seen * 2), "new"u8);
                batch.Put(Key((seen * 2) + 1), "added"u8);
                batch.Delete(Key((seen * 2) + 2));
            });
        }

        iterator.ThrowIfFailed();
        Assert.Equal(50, seen);
    }

    [Fact]
    public void Iterator_ManyAtOnce_DoNotDisturbEachOther()
    {
        for (var i = 0; i < 40; i++)
            Write(Engine, batch => batch.Put(Key(i), Key(i)));
        using var snapshot = Engine.CreateSnapshot();
        var iterators = Enumerable.Range(0, 20).Select(i => Engine.CreateIterator(i % 2 == 0 ? snapshot : null)).ToList();

        for (var i = 0; i < iterators.Count; i++)
            iterators[i].Seek(Key(i));
        for (var step = 0; step < 20; step++)
        {
            for (var i = 0; i < iterators.Count; i++)
            {
                Assert.Equal(Key(i + step), iterators[i].Key.ToArray());
                Assert.Equal(Key(i + step), iterators[i].Value.ToArray());
                iterators[i].Next();
            }
        }

        foreach (var iterator in iterators)
            iterator.Dispose();
    }

    private static string? Standing(EngineIterator iterator) => iterator.IsValid ? Encoding.UTF8.GetString(iterator.Key) : null;
}

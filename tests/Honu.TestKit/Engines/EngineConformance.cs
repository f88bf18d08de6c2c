using System.Text;
using Honu.Engines;

namespace Honu.TestKit.Engines;

/// <summary>
/// Goal: every engine keeps the promises of <see cref="IStorageEngine"/>. Method: one suite, derived once per engine; an engine of another package
/// derives it too. Reads are in this file, the rest by topic: Writes, Iterators, Snapshots, Lifetime, Random.
/// </summary>
public abstract partial class EngineConformance : IDisposable
{
    private readonly TestDirectory _directory = new();
    private IStorageEngine? _engine;

    /// <summary>Makes an empty directory for the test's engine.</summary>
    protected EngineConformance() => Path = _directory.Path;

    /// <summary>Opens the engine under test.</summary>
    protected abstract IStorageEngineFactory Factory { get; }

    /// <summary>The directory of the test's engine.</summary>
    protected string Path { get; }

    /// <summary>Ends the test: what it left open must not hang the run.</summary>
    public void Dispose()
    {
        Guard.Run(DisposeEngine);
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The engine of the test, opened at its first use.</summary>
    protected IStorageEngine Engine => _engine ??= Factory.Open(Path, new HonuStoreOptions());

    [Fact]
    public void Get_MissingKey_IsNotFound()
    {
        Put(Engine, "b", "1");

        Assert.Null(Get(Engine, "a"));
        Assert.Null(Get(Engine, ""));
        Assert.Null(Get(Engine, "b\0"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(5000)]
    [InlineData(20 << 20)]
    public void Get_ValueOfAnyLength_IsWhatWasWritten(int length)
    {
        var value = new byte[length];
        new Random(length).NextBytes(value);
        Write(Engine, batch => batch.Put("key"u8, value));

        using var found = Engine.Get("key"u8);

        Assert.True(found.Found);
        Assert.True(found.Span.SequenceEqual(value));
    }

    [Fact]
    public void Get_AwkwardKeys_AreKeptApart()
    {
        byte[][] keys = [[], [0], [0, 0], [0, 1], [1], "a"u8.ToArray(), "a\0"u8.ToArray(), "A"u8.ToArray(), [0x7F], [0x80], [0xC3, 0x28], [0xFF], [0xFF, 0xFF], new byte[4200]];
        Write(Engine, batch =>
        {
            foreach (var key in keys)
                batch.Put(key, [.. key, 7]);
        });

        foreach (var key in keys)
        {
            using var found = Engine.Get(key);
            Assert.True(found.Found, $"key 0x{Convert.ToHexString(key)} is missing");
            Assert.Equal([.. key, 7], found.Span.ToArray());
        }

        Assert.Equal(keys.Length, All(Engine).Count);
    }

    [Fact]
    public void Get_EmptyValue_IsFoundAndNotMissing()
    {
        Put(Engine, "key", "");

        using var found = Engine.Get("key"u8);

        Assert.True(found.Found);
        Assert.Equal(0, found.Span.Length);
    }

    [Fact]
    public void GetApproximateSize_OfARange_IsNotNegativeAndNamesNoFault()
    {
        Write(Engine, batch =>
        {
            for (var i = 0; i < 100; i++)
                batch.Put(Key(i), new byte[1000]);
        });
        Engine.Compact();

        Assert.InRange(Engine.GetApproximateSize(Key(10), Key(20)), 0, 1 << 20);
        Assert.InRange(Engine.GetApproximateSize([], []), Engine.GetApproximateSize(Key(10), Key(20)), 1 << 20);
        Assert.Equal(0, Engine.GetApproximateSize(Key(20), Key(20)));
        Assert.True(Engine.GetMemoryBytes() >= 0);
    }

    /// <summary>Closes and opens the engine; only where <see cref="IStorageEngineFactory.UsesDirectory"/>.</summary>
    protected IStorageEngine Reopen()
    {
        DisposeEngine();
        return Engine;
    }

    /// <summary>A batch of writes at once.</summary>
    protected static void Write(IStorageEngine engine, Action<EngineBatch> fill, bool sync = false)
    {
        using var batch = engine.CreateBatch();
        fill(batch);
        engine.Write(batch, sync);
    }

    /// <summary>One write.</summary>
    protected static void Put(IStorageEngine engine, string key, string value, bool sync = false) =>
        Write(engine, batch => batch.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value)), sync);

    /// <summary>One removal.</summary>
    protected static void Delete(IStorageEngine engine, string key) => Write(engine, batch => batch.Delete(Encoding.UTF8.GetBytes(key)));

    /// <summary>The value as text, or <see langword="null"/>.</summary>
    protected static string? Get(IStorageEngine engine, string key, EngineSnapshot? snapshot = null)
    {
        using var value = engine.Get(Encoding.UTF8.GetBytes(key), snapshot);
        return value.Found ? Encoding.UTF8.GetString(value.Span) : null;
    }

    /// <summary>Keys and values from the first to the last, as text.</summary>
    protected static List<string> All(IStorageEngine engine, EngineSnapshot? snapshot = null)
    {
        using var iterator = engine.CreateIterator(snapshot);
        var found = new List<string>();
        for (iterator.Seek([]); iterator.IsValid; iterator.Next())
            found.Add($"{Encoding.UTF8.GetString(iterator.Key)}={Encoding.UTF8.GetString(iterator.Value)}");
        iterator.ThrowIfFailed();
        return found;
    }

    private static byte[] Key(int number) => Encoding.UTF8.GetBytes($"key/{number:D6}");

    private void DisposeEngine()
    {
        _engine?.Dispose();
        _engine = null;
    }
}

using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using Honu.Cli.Benchmarking;

namespace Honu.Benchmarks;

/// <summary>The five benchmarks of the original Go library, on its data: one key with a value of 4 KiB.</summary>
/// <remarks>One hot key lies in LevelDB's write buffer all the time: these compare with the original's figures, and say little about a store that is in use.</remarks>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class GoHonuBenchmarks
{
    private const int ValueBytes = 4096;
    private static readonly byte[] Key = "foo"u8.ToArray();
    private readonly byte[] _value = new BenchData(1).Value(1, ValueBytes).ToArray();
    private readonly byte[] _buffer = new byte[ValueBytes];
    private StorePair _pair = null!;

    [GlobalSetup]
    public void Open()
    {
        _pair = StorePair.Open();
        _pair.Store.Put(Key, _value);
        _pair.Bare.Put(Key, _value);
    }

    [GlobalCleanup]
    public void Close() => _pair.Dispose();

    [BenchmarkCategory("Get"), Benchmark(Baseline = true, Description = "LevelDB")]
    public int BareGet()
    {
        using var value = _pair.Bare.Get(Key);
        value.Span.CopyTo(_buffer);
        return value.Span.Length;
    }

    [BenchmarkCategory("Get"), Benchmark(Description = "Honu")]
    public int HonuGet() => _pair.Store.Read(Key, _buffer);

    [BenchmarkCategory("Put"), Benchmark(Baseline = true, Description = "LevelDB")]
    public void BarePut() => _pair.Bare.Put(Key, _value);

    [BenchmarkCategory("Put"), Benchmark(Description = "Honu")]
    public ObjectVersion HonuPut() => _pair.Store.Put(Key, _value);

    // A deletion needs something to delete: both sides put it back, and the pair is to be read with Put beside it.
    [BenchmarkCategory("Delete (and put)"), Benchmark(Baseline = true, Description = "LevelDB")]
    public void BareDelete()
    {
        _pair.Bare.Delete(Key);
        _pair.Bare.Put(Key, _value);
    }

    [BenchmarkCategory("Delete (and put)"), Benchmark(Description = "Honu")]
    public bool HonuDelete()
    {
        var deleted = _pair.Store.Delete(Key);
        _pair.Store.Put(Key, _value);
        return deleted;
    }

    [BenchmarkCategory("Iter"), Benchmark(Baseline = true, Description = "LevelDB")]
    public int BareIter()
    {
        var entries = 0;
        using var iterator = _pair.Bare.CreateIterator();
        for (iterator.SeekToFirst(); iterator.IsValid; iterator.Next(), entries++)
            iterator.Value.CopyTo(_buffer);
        return entries;
    }

    [BenchmarkCategory("Iter"), Benchmark(Description = "Honu")]
    public int HonuIter()
    {
        var entries = 0;
        foreach (var entry in _pair.Store.Scan())
        {
            entry.Value.CopyTo(_buffer);
            entries++;
        }

        return entries;
    }

    // The object with its version. LevelDB has no such thing; its value alone is the nearest.
    [BenchmarkCategory("Object"), Benchmark(Baseline = true, Description = "LevelDB")]
    public byte[]? BareObject() => _pair.Bare.GetArray(Key);

    [BenchmarkCategory("Object"), Benchmark(Description = "Honu")]
    public (byte[]? Value, ObjectVersion Version) HonuObject() => (_pair.Store.Get(Key, out var version), version);
}

using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using Honu.Cli.Benchmarking;
using Honu.LevelDb;

namespace Honu.Benchmarks;

/// <summary>Each operation on a filled store, beside the same on bare LevelDB with the same engine options. History keeps parents only.</summary>
/// <remarks>An invocation makes <see cref="Operations"/> calls, divided between the threads; the time shown is the invocation's divided by them.</remarks>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
[InvocationCount(1, 1)]
public class StoreBenchmarks
{
    private const int Operations = 1000;
    private const int BatchSize = 10;
    private const int ScanLength = 100;
    private const int MaxKeys = 100_000;
    private const int MaxFillBytes = 256 << 20;

    private StorePair _pair = null!;
    private BenchData _data = null!;
    private Workers _workers = null!;
    private byte[][] _buffers = null!;
    private HonuWriteBatch[] _batches = null!;
    private LevelWriteBatch[] _bareBatches = null!;
    private int _next;
    private long _nextNewKey;

    [Params(100, 4096, 65536)]
    public int ValueBytes { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Open()
    {
        _pair = StorePair.Open();
        _workers = Workers.Start(Threads);
        _data = new BenchData(Math.Min(MaxKeys, MaxFillBytes / ValueBytes));
        _buffers = [.. Enumerable.Range(0, Threads).Select(_ => new byte[ValueBytes])];
        _batches = [.. Enumerable.Range(0, Threads).Select(_ => new HonuWriteBatch())];
        _bareBatches = [.. Enumerable.Range(0, Threads).Select(_ => new LevelWriteBatch())];
        foreach (var i in _data.FillOrder)
        {
            _pair.Store.Put(_data.Key(i), _data.Value(i, ValueBytes));
            _pair.Bare.Put(_data.Key(i), _data.Value(i, ValueBytes));
        }
    }

    [GlobalCleanup]
    public void Close()
    {
        _workers.Dispose();
        foreach (var batch in _bareBatches)
            batch.Dispose();
        _pair.Dispose();
    }

    // Each iteration works on the next keys of the shuffled order: what the one before touched is not what this one needs.
    [IterationSetup]
    public void Advance() => _next = (_next + Operations) % _data.Count;

    // What an iteration deletes is there again before the next.
    [IterationSetup(Targets = [nameof(BareDelete), nameof(HonuDelete)])]
    public void Refill()
    {
        Advance();
        for (var operation = 0; operation < Operations; operation++)
        {
            _pair.Store.Put(Key(operation), Value(operation));
            _pair.Bare.Put(Key(operation), Value(operation));
        }
    }

    [BenchmarkCategory("put new"), Benchmark(Baseline = true, Description = "LevelDB put", OperationsPerInvoke = Operations)]
    public void BarePutNew() => _workers.Run(Operations, (_, operation) =>
    {
        Span<byte> key = stackalloc byte[BenchData.KeyBytes];
        _pair.Bare.Put(NewKey(key), Value(operation));
    });

    [BenchmarkCategory("put new"), Benchmark(Description = "Honu Put", OperationsPerInvoke = Operations)]
    public void HonuPutNew() => _workers.Run(Operations, (_, operation) =>
    {
        Span<byte> key = stackalloc byte[BenchData.KeyBytes];
        _pair.Store.Put(NewKey(key), Value(operation));
    });

    [BenchmarkCategory("overwrite"), Benchmark(Baseline = true, Description = "LevelDB put", OperationsPerInvoke = Operations)]
    public void BareOverwrite() => _workers.Run(Operations, (_, operation) => _pair.Bare.Put(Key(operation), Value(operation)));

    [BenchmarkCategory("overwrite"), Benchmark(Description = "Honu Put", OperationsPerInvoke = Operations)]
    public void HonuOverwrite() => _workers.Run(Operations, (_, operation) => _pair.Store.Put(Key(operation), Value(operation)));

    [BenchmarkCategory("get"), Benchmark(Baseline = true, Description = "LevelDB get", OperationsPerInvoke = Operations)]
    public void BareGet() => _workers.Run(Operations, (thread, operation) =>
    {
        using var value = _pair.Bare.Get(Key(operation));
        value.Span.CopyTo(_buffers[thread]);
    });

    [BenchmarkCategory("get"), Benchmark(Description = "Honu Read", OperationsPerInvoke = Operations)]
    public void HonuGet() => _workers.Run(Operations, (thread, operation) => _pair.Store.Read(Key(operation), _buffers[thread]));

    [BenchmarkCategory("get missing"), Benchmark(Baseline = true, Description = "LevelDB get", OperationsPerInvoke = Operations)]
    public void BareGetMissing() => _workers.Run(Operations, (_, operation) =>
    {
        using var value = _pair.Bare.Get(_data.MissingKey(Index(operation)));
    });

    [BenchmarkCategory("get missing"), Benchmark(Description = "Honu Read", OperationsPerInvoke = Operations)]
    public void HonuGetMissing() => _workers.Run(Operations, (thread, operation) => _pair.Store.Read(_data.MissingKey(Index(operation)), _buffers[thread]));

    [BenchmarkCategory("delete"), Benchmark(Baseline = true, Description = "LevelDB delete", OperationsPerInvoke = Operations)]
    public void BareDelete() => _workers.Run(Operations, (_, operation) => _pair.Bare.Delete(Key(operation)));

    [BenchmarkCategory("delete"), Benchmark(Description = "Honu Delete", OperationsPerInvoke = Operations)]
    public void HonuDelete() => _workers.Run(Operations, (_, operation) => _pair.Store.Delete(Key(operation)));

    [BenchmarkCategory("scan of 100"), Benchmark(Baseline = true, Description = "LevelDB iterator", OperationsPerInvoke = Operations)]
    public void BareScan() => _workers.Run(Operations / ScanLength, (thread, operation) =>
    {
        using var iterator = _pair.Bare.CreateIterator();
        iterator.Seek(Key(operation));
        for (var i = 0; i < ScanLength && iterator.IsValid; i++, iterator.Next())
            iterator.Value.CopyTo(_buffers[thread]);
        iterator.ThrowIfFailed();
    });

    [BenchmarkCategory("scan of 100"), Benchmark(Description = "Honu Scan", OperationsPerInvoke = Operations)]
    public void HonuScan() => _workers.Run(Operations / ScanLength, (thread, operation) =>
    {
        foreach (var entry in _pair.Store.Scan(new ScanOptions { From = Key(operation).ToArray(), Limit = ScanLength }))
            entry.Value.CopyTo(_buffers[thread]);
    });

    [BenchmarkCategory("batch of 10"), Benchmark(Baseline = true, Description = "LevelDB write", OperationsPerInvoke = Operations)]
    public void BareBatch() => _workers.Run(Operations / BatchSize, (thread, operation) =>
    {
        var batch = _bareBatches[thread];
        batch.Clear();
        for (var i = 0; i < BatchSize; i++)
            batch.Put(Key((operation * BatchSize) + i), Value(operation + i));
        _pair.Bare.Write(batch);
    });

    [BenchmarkCategory("batch of 10"), Benchmark(Description = "Honu Write", OperationsPerInvoke = Operations)]
    public void HonuBatch() => _workers.Run(Operations / BatchSize, (thread, operation) =>
    {
        var batch = _batches[thread];
        batch.Clear();
        for (var i = 0; i < BatchSize; i++)
            batch.Put(Key((operation * BatchSize) + i), Value(operation + i));
        _pair.Store.Write(batch);
    });

    private int Index(int operation) => _data.ReadOrder[(_next + operation) % _data.Count];

    private ReadOnlySpan<byte> Key(int operation) => _data.Key(Index(operation));

    private ReadOnlySpan<byte> Value(int operation) => _data.Value(_next + operation, ValueBytes);

    // Above all keys of the fill, and spread by an odd factor, so that new keys are not in sequence.
    private ReadOnlySpan<byte> NewKey(Span<byte> destination)
    {
        var number = 1_000_000_000_000_000 + (Interlocked.Increment(ref _nextNewKey) * 2_654_435_761 % 1_000_000_000_000);
        number.TryFormat(destination, out _);
        return destination;
    }
}

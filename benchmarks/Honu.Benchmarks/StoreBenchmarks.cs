using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using Honu.LevelDb;

namespace Honu.Benchmarks;

/// <summary>One operation on a store of <see cref="Count"/> objects, beside the same on bare LevelDB with the same engine options.</summary>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class StoreBenchmarks
{
    private const int Count = 100_000;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private string _directory = "";
    private HonuStore _store = null!;
    private LevelDatabase _bare = null!;
    private Workload _workload = null!;
    private int _next;

    [Params(100, 4096)]
    public int ValueBytes { get; set; }

    [GlobalSetup]
    public void Open()
    {
        _directory = Directory.CreateTempSubdirectory("honu-bench-").FullName;
        var options = new HonuStoreOptions { Retention = Retention.ParentsOnly };
        _store = HonuStore.Open(Path.Combine(_directory, "honu"), options);
        _bare = LevelDatabase.Open(Path.Combine(_directory, "bare"), new LevelDatabaseOptions
        {
            WriteBufferBytes = options.WriteBufferBytes,
            BlockCacheBytes = options.BlockCacheBytes,
            BloomBitsPerKey = options.BloomBitsPerKey,
        });
        _workload = new Workload(Count, ValueBytes, seed: 42);
        for (var i = 0; i < Count; i++)
        {
            _store.Put(_workload.Keys[i], _workload.Value(i));
            _bare.Put(_workload.Keys[i], _workload.Value(i));
        }
    }

    [GlobalCleanup]
    public void Close()
    {
        _store.Dispose();
        _bare.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [BenchmarkCategory("readrandom"), Benchmark(Baseline = true, Description = "LevelDB get")]
    public int BareGet()
    {
        using var value = _bare.Get(Key());
        value.Span.CopyTo(_buffer);
        return value.Span.Length;
    }

    [BenchmarkCategory("readrandom"), Benchmark(Description = "Honu Read")]
    public int HonuRead() => _store.Read(Key(), _buffer);

    [BenchmarkCategory("readmissing"), Benchmark(Baseline = true, Description = "LevelDB get, missing")]
    public bool BareMissing()
    {
        using var value = _bare.Get(_workload.Missing[_next++ % Count]);
        return value.Found;
    }

    [BenchmarkCategory("readmissing"), Benchmark(Description = "Honu Read, missing")]
    public int HonuMissing() => _store.Read(_workload.Missing[_next++ % Count], _buffer);

    [BenchmarkCategory("overwrite"), Benchmark(Baseline = true, Description = "LevelDB put")]
    public void BareOverwrite() => _bare.Put(Key(), _workload.Value(_next));

    [BenchmarkCategory("overwrite"), Benchmark(Description = "Honu Put")]
    public ObjectVersion HonuOverwrite() => _store.Put(Key(), _workload.Value(_next));

    [BenchmarkCategory("readseq"), Benchmark(Baseline = true, Description = "LevelDB scan of 100")]
    public int BareScan()
    {
        using var iterator = _bare.CreateIterator();
        var bytes = 0;
        iterator.Seek(Key());
        for (var i = 0; i < 100 && iterator.IsValid; i++, iterator.Next())
        {
            iterator.Value.CopyTo(_buffer);
            bytes += iterator.Value.Length;
        }

        return bytes;
    }

    [BenchmarkCategory("readseq"), Benchmark(Description = "Honu scan of 100")]
    public int HonuScan()
    {
        var bytes = 0;
        foreach (var entry in _store.Scan(new ScanOptions { From = Key(), Limit = 100 }))
        {
            entry.Value.CopyTo(_buffer);
            bytes += entry.Value.Length;
        }

        return bytes;
    }

    private byte[] Key() => _workload.Keys[_next++ % Count];
}

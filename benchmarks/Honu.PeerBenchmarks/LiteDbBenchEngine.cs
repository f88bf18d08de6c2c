using Honu.Cli.Benchmarking;
using LiteDB;

namespace Honu.PeerBenchmarks;

/// <summary>LiteDB as a key-value store: one collection of documents whose id is the key.</summary>
/// <remarks>Every write is a transaction, which ends with a sync of the log: LiteDB has no setting for less.</remarks>
internal sealed class LiteDbBenchEngine : IBenchEngine
{
    private const string ValueField = "v";
    private readonly LiteDatabase _database;
    private readonly ILiteCollection<BsonDocument> _entries;

    public LiteDbBenchEngine(string directory)
    {
        Directory.CreateDirectory(directory);
        _database = new LiteDatabase(new ConnectionString { Filename = Path.Combine(directory, "bench.db"), Connection = ConnectionType.Direct });
        _entries = _database.GetCollection("entries");
    }

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        _entries.Upsert(new BsonDocument { ["_id"] = key.ToArray(), [ValueField] = value.ToArray() });

    public int Read(ReadOnlySpan<byte> key, Span<byte> destination) =>
        _entries.FindById(key.ToArray()) is { } document ? Copy(document, destination) : -1;

    public void Delete(ReadOnlySpan<byte> key) => _entries.Delete(key.ToArray());

    public int Scan(Span<byte> destination, CancellationToken cancellation)
    {
        var entries = 0;
        foreach (var document in _entries.Find(Query.All()))
        {
            Copy(document, destination);
            Workload.CheckNowAndThen(++entries, cancellation);
        }

        return entries;
    }

    public void Dispose() => _database.Dispose();

    private static int Copy(BsonDocument document, Span<byte> destination)
    {
        var value = document[ValueField].AsBinary;
        value.CopyTo(destination);
        return value.Length;
    }
}

namespace Honu.Hosting.Services;

/// <summary>
/// Writes operations in order, in batches for speed. A batch makes one version per key, so a key that comes again begins
/// a new batch: an import gives the same history as the same puts one by one.
/// </summary>
internal sealed class ImportRuns(HonuStore store, WriteOptions options)
{
    private const int MaxBatch = 1024;
    private const int MaxBatchBytes = 1024 * 1024;

    private readonly HonuWriteBatch _batch = new();
    private readonly HashSet<(string Namespace, ReadOnlyMemory<byte> Key)> _keys = new(KeyComparer.Instance);
    private int _bytes;

    /// <summary>Operations that are in the store.</summary>
    public int Written { get; private set; }

    /// <summary>Takes an operation; key and value must stay as they are until it is written.</summary>
    public void Add(string ns, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, bool delete)
    {
        if (_batch.Count >= MaxBatch || _bytes >= MaxBatchBytes || !_keys.Add((ns, key)))
        {
            Flush();
            _keys.Add((ns, key));
        }

        if (delete)
            _batch.Delete(ns, key.Span);
        else
            _batch.Put(ns, key.Span, value.Span);
        _bytes += key.Length + value.Length;
    }

    /// <summary>Writes what is still waiting.</summary>
    public void Flush()
    {
        if (_batch.Count == 0)
            return;
        store.Write(_batch, options);
        Written += _batch.Count;
        _batch.Clear();
        _keys.Clear();
        _bytes = 0;
    }

    private sealed class KeyComparer : IEqualityComparer<(string Namespace, ReadOnlyMemory<byte> Key)>
    {
        public static readonly KeyComparer Instance = new();

        public bool Equals((string Namespace, ReadOnlyMemory<byte> Key) x, (string Namespace, ReadOnlyMemory<byte> Key) y) =>
            x.Key.Span.SequenceEqual(y.Key.Span) && string.Equals(x.Namespace, y.Namespace, StringComparison.Ordinal);

        public int GetHashCode((string Namespace, ReadOnlyMemory<byte> Key) item)
        {
            var hash = default(HashCode);
            hash.AddBytes(item.Key.Span);
            return hash.ToHashCode();
        }
    }
}

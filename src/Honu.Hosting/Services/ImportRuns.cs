using System.Buffers;

namespace Honu.Hosting.Services;

/// <summary>
/// Writes operations in order, in batches for speed. A batch makes one version per key, so a key that comes again begins
/// a new batch: an import gives the same history as the same puts one by one.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="options">When an operation counts as done.</param>
/// <param name="skipUnchanged">Whether a put of the current value is counted and left out. The look and the write are two steps: a
/// writer in between is overwritten or not, as it would be if it had come a moment earlier or later.</param>
/// <param name="before">What was counted already.</param>
internal sealed class ImportRuns(HonuStore store, WriteOptions options, bool skipUnchanged = false, ImportCounts? before = null)
{
    private const int MaxBatch = 1024;
    private const int MaxBatchBytes = 1024 * 1024;

    private static readonly TimeSpan MaxTimeToLive = TimeSpan.FromDays(36500);

    private readonly HonuWriteBatch _batch = new();
    private readonly HashSet<(string Namespace, ReadOnlyMemory<byte> Key)> _keys = new(KeyComparer.Instance);
    private int _bytes;
    private int _unchanged;

    /// <summary>Operations that are done, from the first.</summary>
    public ImportCounts Counts { get; private set; } = before ?? new ImportCounts();

    /// <summary>Takes an operation; key and value must stay as they are until it is written.</summary>
    public void Add(string ns, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, bool delete, DateTimeOffset? expires = null)
    {
        if (_batch.Count >= MaxBatch || _bytes >= MaxBatchBytes || !_keys.Add((ns, key)))
        {
            Flush();
            _keys.Add((ns, key));
        }

        if (!delete && skipUnchanged && expires is null && IsCurrent(ns, key.Span, value.Span))
            _unchanged++;
        else if (delete)
            _batch.Delete(ns, key.Span);
        else
            Put(store, _batch, ns, key.Span, value.Span, expires);
        _bytes += key.Length + value.Length;
    }

    /// <summary>Adds a put that expires at a moment; one whose moment has passed is a deletion.</summary>
    public static void Put(HonuStore store, HonuWriteBatch batch, string ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset? expires)
    {
        if (expires is not { } end)
        {
            batch.Put(ns, key, value);
            return;
        }

        var left = end - store.Now;
        if (left < TimeSpan.FromMilliseconds(1))
            batch.Delete(ns, key);
        else
            batch.Put(ns, key, value, left < MaxTimeToLive ? left : MaxTimeToLive);
    }

    /// <summary>Writes what is still waiting.</summary>
    public void Flush()
    {
        var counts = Counts with { Acknowledged = Counts.Acknowledged + _batch.Count + _unchanged, Unchanged = Counts.Unchanged + _unchanged };
        foreach (var version in store.Write(_batch, options))
        {
            // A put always makes a version.
            if (version.IsNone)
                counts = counts with { NothingToDelete = counts.NothingToDelete + 1 };
            else if (version.IsDeleted)
                counts = counts with { Deleted = counts.Deleted + 1 };
        }

        Counts = counts;
        _batch.Clear();
        _keys.Clear();
        _bytes = 0;
        _unchanged = 0;
    }

    private bool IsCurrent(string ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(value.Length);
        try
        {
            var current = buffer.AsSpan(0, value.Length);
            return store.Namespace(ns).Read(key, current) == value.Length && current.SequenceEqual(value);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
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

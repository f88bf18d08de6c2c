using System.Runtime.CompilerServices;
using Honu.Hosting;
using Honu.Hosting.Services;

namespace Honu.Cli.Access;

/// <summary>A store's directory, opened by this process.</summary>
internal sealed class LocalStore : IStoreAccess
{
    private readonly HonuStore _store;

    private LocalStore(HonuStore store) => _store = store;

    public HonuStore Store => _store;

    public static LocalStore Open(string path, bool create, bool readOnly) => Open(path, new HonuStoreOptions { CreateIfMissing = create, ReadOnly = readOnly });

    public static LocalStore Open(string path, HonuStoreOptions options) => new(HonuStore.Open(path, options));

    public Task<StoreObject?> GetAsync(string ns, byte[] key, CancellationToken cancellationToken)
    {
        var value = _store.Namespace(ns).Get(key, out var version);
        return Task.FromResult(value is null ? null : new StoreObject(ns, key, value, version));
    }

    public Task<ObjectVersion> PutAsync(string ns, byte[] key, byte[] value, WriteOptions options, CancellationToken cancellationToken) =>
        Task.FromResult(_store.Namespace(ns).Put(key, value, options));

    public Task<(bool Written, ObjectVersion Version)> TryPutAsync(
        string ns, byte[] key, byte[] value, VersionId expected, WriteOptions options, CancellationToken cancellationToken)
    {
        var written = _store.Namespace(ns).TryPut(key, value, expected, out var version, options);
        return Task.FromResult((written, version));
    }

    public Task<ObjectVersion> DeleteAsync(string ns, byte[] key, WriteOptions options, CancellationToken cancellationToken)
    {
        var deleted = _store.Namespace(ns).Delete(key, out var tombstone, options);
        return Task.FromResult(deleted ? tombstone : default);
    }

    public Task<long> DeleteRangeAsync(StoreScan range, WriteOptions options, CancellationToken cancellationToken) =>
        Task.FromResult(_store.Namespace(range.Namespace ?? HonuStore.DefaultNamespace).DeleteRange(
            new ScanOptions
            {
                Prefix = range.Prefix.ToArray(),
                From = range.From.IsEmpty ? null : range.From.ToArray(),
                To = range.To.IsEmpty ? null : range.To.ToArray(),
            },
            options));

    public Task ScanAsync(StoreScan scan, IScanSink sink, CancellationToken cancellationToken)
    {
        using var snapshot = _store.CreateSnapshot();
        new StoreScanner(snapshot, scan).Run(sink, cancellationToken);
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<StoreObject> HistoryAsync(string ns, byte[] key, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var entry in _store.Namespace(ns).History(key))
            yield return new StoreObject(ns, key, entry.Value, entry.Version, entry.LostConflict);
    }

    // Ends when it has caught up: this process has the directory for itself and does not write, so nothing else would ever come.
    public async IAsyncEnumerable<StoreChange> WatchAsync(StoreWatch watch, Action<string> started, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = new WatchOptions
        {
            Namespaces = watch.Namespaces,
            Prefix = watch.Prefix.ToArray(),
            Token = watch.Token is { } text ? WatchToken.Parse(text) : null,
            FromStart = watch.FromStart,
            IncludeValues = !watch.KeysOnly,
            EndWhenCaughtUp = true,
        };
        started(watch.Token ?? (watch.FromStart ? "" : _store.GetWatchToken(watch.Namespaces).ToString()));
        var left = watch.Limit ?? long.MaxValue;
        await foreach (var change in _store.WatchAsync(options, cancellationToken))
        {
            var item = new StoreObject(change.Namespace, change.Key, change.Value, change.Version);
            yield return new StoreChange(item, change.IsLocal, change.IsCatchUp, change.StartsOver, change.Token.ToString());
            if (--left == 0)
                yield break;
        }
    }

    public async IAsyncEnumerable<Conflict> ConflictsAsync(string? ns, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var conflict in ns is null ? _store.Conflicts() : _store.Namespace(ns).Conflicts())
            yield return conflict;
    }

    public async Task<ImportCounts> ImportAsync(
        IAsyncEnumerable<IReadOnlyList<StoreOperation>> batches,
        WriteOptions options,
        bool skipUnchanged,
        Action<ImportCounts> progress,
        CancellationToken cancellationToken)
    {
        var runs = new ImportRuns(_store, options, skipUnchanged);
        await foreach (var batch in batches.WithCancellation(cancellationToken))
        {
            try
            {
                foreach (var operation in batch)
                    runs.Add(operation.Namespace, operation.Key, operation.Value, operation.IsDelete, operation.Expires);
                runs.Flush();
            }
            finally
            {
                progress(runs.Counts);
            }
        }

        return runs.Counts;
    }

    public Task<StoreInfo> GetInfoAsync(bool includeFigures, CancellationToken cancellationToken) =>
        Task.FromResult(StoreDescription.Info(_store, includeFigures));

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        return ValueTask.CompletedTask;
    }
}

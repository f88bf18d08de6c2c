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

    public async Task<TrackedRead> GetAsync(string ns, byte[] key, ReadOptions options, bool wantsToken, CancellationToken cancellationToken)
    {
        var space = _store.Namespace(ns);
        var found = await space.GetAsync(key, AtOnce(options), cancellationToken);
        var token = !wantsToken ? CausalToken.Empty : found.Version.IsNone ? space.GetToken() : space.GetToken(found.Version.Id);
        return new TrackedRead(found.Value is null ? null : new StoreObject(ns, key, found.Value, found.Version), token);
    }

    public async Task<TrackedWrite> PutAsync(string ns, byte[] key, byte[] value, WriteOptions options, bool wantsToken, CancellationToken cancellationToken) =>
        Tracked(ns, await _store.Namespace(ns).PutAsync(key, value, AtOnce(options), cancellationToken), wantsToken);

    public async Task<TrackedWrite> TryPutAsync(
        string ns, byte[] key, byte[] value, VersionId expected, WriteOptions options, bool wantsToken, CancellationToken cancellationToken) =>
        Tracked(ns, await _store.Namespace(ns).TryPutAsync(key, value, expected, AtOnce(options), cancellationToken), wantsToken);

    public async Task<TrackedWrite> DeleteAsync(string ns, byte[] key, WriteOptions options, bool wantsToken, CancellationToken cancellationToken)
    {
        var result = await _store.Namespace(ns).DeleteAsync(key, AtOnce(options), cancellationToken);
        return Tracked(ns, result.Applied ? result : default, wantsToken);
    }

    public async Task<CausalToken> WaitForAsync(string[]? namespaces, ReadOptions options, CancellationToken cancellationToken)
    {
        foreach (var ns in namespaces ?? [.. _store.Namespaces.Union(options.AtLeast?.Namespaces ?? [], StringComparer.Ordinal)])
            await _store.Namespace(ns).WaitForAsync(AtOnce(options), cancellationToken);
        return namespaces is null ? _store.GetToken() : namespaces.Aggregate(CausalToken.Empty, (token, ns) => token.Merge(_store.Namespace(ns).GetToken()));
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

    // Nothing replicates into a directory while this process has it: what is missing now stays missing.
    private static ReadOptions AtOnce(ReadOptions options) => options with { Timeout = TimeSpan.Zero };

    private static WriteOptions AtOnce(WriteOptions options) => options.AtLeast is null ? options : options with { WaitTimeout = TimeSpan.Zero };

    private TrackedWrite Tracked(string ns, WriteResult result, bool wantsToken) =>
        new(result.Applied, result.Version, result.AcknowledgedBy, wantsToken && result.Applied ? _store.Namespace(ns).GetToken(result.Version.Id) : CausalToken.Empty);

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        return ValueTask.CompletedTask;
    }
}

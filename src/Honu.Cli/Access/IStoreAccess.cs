using Honu.Hosting;
using Honu.Hosting.Services;

namespace Honu.Cli.Access;

/// <summary>The store that a verb works on: a directory here, or a server.</summary>
internal interface IStoreAccess : IAsyncDisposable
{
    /// <summary>The latest version with its value; null when missing or deleted.</summary>
    Task<StoreObject?> GetAsync(string ns, byte[] key, CancellationToken cancellationToken);

    /// <summary>The latest version with its value, as soon as the store is as recent as asked for, and a token if wanted.</summary>
    Task<TrackedRead> GetAsync(string ns, byte[] key, ReadOptions options, bool wantsToken, CancellationToken cancellationToken);

    /// <summary>Writes and tells the version made.</summary>
    Task<TrackedWrite> PutAsync(string ns, byte[] key, byte[] value, WriteOptions options, bool wantsToken, CancellationToken cancellationToken);

    /// <summary>Writes if the current version is the expected one, and tells the version that is current then.</summary>
    Task<TrackedWrite> TryPutAsync(
        string ns, byte[] key, byte[] value, VersionId expected, WriteOptions options, bool wantsToken, CancellationToken cancellationToken);

    /// <summary>The tombstone; default when nothing was there.</summary>
    Task<TrackedWrite> DeleteAsync(string ns, byte[] key, WriteOptions options, bool wantsToken, CancellationToken cancellationToken);

    /// <summary>Waits until the store is as recent as asked for, and tells a token for what the namespaces hold then; of all of them without names.</summary>
    Task<CausalToken> WaitForAsync(string[]? namespaces, ReadOptions options, CancellationToken cancellationToken);

    /// <summary>Deletes the objects of a range in bounded commits; tells how many.</summary>
    Task<long> DeleteRangeAsync(StoreScan range, WriteOptions options, CancellationToken cancellationToken);

    /// <summary>Hands objects to the sink in order, from one snapshot.</summary>
    Task ScanAsync(StoreScan scan, IScanSink sink, CancellationToken cancellationToken);

    /// <summary>Versions of one object, newest first.</summary>
    IAsyncEnumerable<StoreObject> HistoryAsync(string ns, byte[] key, CancellationToken cancellationToken);

    /// <summary>Changes after their commit; <paramref name="started"/> is told the token of the moment at which the watch has begun.</summary>
    IAsyncEnumerable<StoreChange> WatchAsync(StoreWatch watch, Action<string> started, CancellationToken cancellationToken);

    /// <summary>Conflicts that nothing has settled, by namespace and key; of all namespaces without a name.</summary>
    IAsyncEnumerable<Conflict> ConflictsAsync(string? ns, CancellationToken cancellationToken);

    /// <summary>Writes batches in order; tells what became of them, also when it fails half-way.</summary>
    Task<ImportCounts> ImportAsync(
        IAsyncEnumerable<IReadOnlyList<StoreOperation>> batches,
        WriteOptions options,
        bool skipUnchanged,
        Action<ImportCounts> progress,
        CancellationToken cancellationToken);

    /// <summary>Identity and limits; figures if asked for.</summary>
    Task<StoreInfo> GetInfoAsync(bool includeFigures, CancellationToken cancellationToken);
}

using Honu.Engines;

namespace Honu.Sqlite;

/// <summary>Keeps a store in SQLite: one file, <c>honu.sqlite</c>, in the store's directory. Pass it in <see cref="HonuStoreOptions.Engine"/>.</summary>
/// <remarks>
/// <para>
/// Of the store's options, <see cref="HonuStoreOptions.BlockCacheBytes"/> is shared out to the connections (an eighth each; there is one for the
/// writer, and one for each read, scan or snapshot at a time), and <see cref="HonuStoreOptions.WriteBufferBytes"/> is the length of the
/// write-ahead log from which on it is copied into the file. Bloom filters do not exist here.
/// </para>
/// <para>
/// <see cref="Integrity.Full"/> cannot be kept: SQLite has no checksums of its pages. A damaged value is an error, because the record's
/// own checksum tells; damage of the tree may make a key seem absent.
/// </para>
/// </remarks>
public sealed class SqliteEngineFactory : IStorageEngineFactory
{
    /// <summary>Always: the file lies in the store's directory.</summary>
    public bool UsesDirectory => true;

    /// <inheritdoc/>
    public IStorageEngine Open(string path, HonuStoreOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        return SqliteEngine.Open(path, options);
    }
}

using Honu.LevelDb.Interop;

namespace Honu.LevelDb;

/// <summary>An open LevelDB database: a map of byte keys to byte values, ordered by the bytes of the keys.</summary>
/// <remarks>
/// <para>Safe to use from any thread. Keys and values may be empty and may hold any bytes.</para>
/// <para>
/// Reads are in LevelDatabase.Reads.cs, writes and the sync barrier in LevelDatabase.Writes.cs. Every member throws
/// <see cref="ObjectDisposedException"/> after <see cref="Dispose"/> and <see cref="LevelDbException"/> when LevelDB reports an error.
/// </para>
/// </remarks>
public sealed partial class LevelDatabase : IDisposable
{
    private readonly DatabaseHandle _handle;
    private readonly bool _verifyChecksums;

    // LevelDB runs one manual compaction at a time and lets its waiters race for the write buffer: with several callers in a loop one of them may
    // starve for ever. Here they queue instead.
    private readonly Lock _compaction = new();

    private LevelDatabase(string path, DatabaseHandle handle, bool verifyChecksums)
    {
        Path = path;
        _handle = handle;
        _verifyChecksums = verifyChecksums;
    }

    /// <summary>The directory, absolute and with symbolic links resolved.</summary>
    public string Path { get; }

    /// <summary>Opens the database in the directory <paramref name="path"/>; creates it when missing, unless the options say otherwise.</summary>
    /// <param name="path">The directory. It belongs to the database: nothing else should be kept in it.</param>
    /// <param name="options">How to open it; <see langword="null"/> takes the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict themselves or are out of range; all faults are named.</exception>
    /// <exception cref="LevelDbLockedException">It is open already, in this process (by whatever spelling of the path) or in another.</exception>
    /// <exception cref="LevelDbException">It is missing, damaged, not accessible, or exists against
    /// <see cref="LevelDatabaseOptions.ErrorIfExists"/>.</exception>
    /// <exception cref="DllNotFoundException">The native library was not found; the message names every place that was tried.</exception>
    public static LevelDatabase Open(string path, LevelDatabaseOptions? options = null)
    {
        options ??= new LevelDatabaseOptions();
        if (options.Faults() is { Count: > 0 } faults)
            throw new ArgumentException($"The options of the database cannot be used: {string.Join(' ', faults)}", nameof(options));
        NativeLibraryLocator.EnsureLoaded();
        string canonical = CanonicalPath.Resolve(path);
        DatabaseDirectory.Prepare(canonical, options);

        DirectoryClaim claim = OpenDatabases.Claim(canonical);
        try
        {
            if (options.ParanoidChecks)
                LogFile.ThrowIfTailIsDamaged(canonical);
            return new LevelDatabase(canonical, DatabaseHandle.Open(claim, options), options.VerifyChecksums);
        }
        catch
        {
            // Whatever failed, the directory must not stay claimed by a database that does not exist.
            claim.Release();
            throw;
        }
    }

    /// <summary>Whether an iterator is open, which would keep the directory locked after <see cref="Dispose"/>.</summary>
    internal bool HasIterators => _handle.LiveIterators > 0;

    /// <summary>One of LevelDB's own statistics, such as <c>leveldb.stats</c> or <c>leveldb.approximate-memory-usage</c>.</summary>
    /// <returns>The text, or <see langword="null"/> when LevelDB does not know the name.</returns>
    public string? GetProperty(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _handle.GetProperty(name);
    }

    /// <summary>About how many bytes the keys in [<paramref name="from"/>, <paramref name="to"/>) take on disk.</summary>
    /// <param name="from">First key; empty begins at the first.</param>
    /// <param name="to">The key to end before; empty goes to the end.</param>
    /// <remarks>Compressed, without what is still in the write buffer. Exact to about a block of each table.</remarks>
    public ulong GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        if (!to.IsEmpty)
            return _handle.GetApproximateSize(from, to);

        // The C API has no open end here; the shortest key behind the last one serves.
        using LevelIterator iterator = CreateIterator();
        iterator.SeekToLast();
        iterator.ThrowIfFailed();
        return iterator.IsValid ? _handle.GetApproximateSize(from, [.. iterator.Key, 0]) : 0;
    }

    /// <summary>Compacts the keys from <paramref name="from"/> to <paramref name="to"/>: drops what was deleted or overwritten, and merges tables.</summary>
    /// <param name="from">First key; empty begins at the first.</param>
    /// <param name="to">Last key; empty goes to the end. Nothing happens when it is before <paramref name="from"/>.</param>
    /// <remarks>Returns when done, which may take minutes; other threads go on meanwhile.</remarks>
    public void CompactRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        if (!to.IsEmpty && from.SequenceCompareTo(to) > 0)
            return;
        lock (_compaction)
            _handle.CompactRange(from, to);
    }

    /// <summary>Compacts the whole database. Returns when done; other threads go on meanwhile.</summary>
    public void CompactAll() => CompactRange(default, default);

    /// <summary>Closes the database. Snapshots, and the iterators of the calling thread, are closed with it.</summary>
    /// <remarks>
    /// Calls that other threads have begun are waited for; later ones throw <see cref="ObjectDisposedException"/>. An iterator that another
    /// thread used last is not pulled from under it: its next move throws and closes it, and until then (or until it is disposed) the
    /// directory stays locked. Disposing twice is harmless. Nothing is lost by not disposing, but the lock stays until the finalizer runs.
    /// </remarks>
    public void Dispose() => _handle.CloseDatabase();
}

using Honu.Format;

namespace Honu.Engines;

/// <summary>What Honu needs from a database: ordered keys of bytes, atomic batches, snapshots and a durable barrier.</summary>
/// <remarks>
/// <para>
/// Reads, snapshots and iterators are called from any thread, also while another thread writes; <see cref="Write"/> is called by one
/// thread at a time. Keys are ordered as unsigned bytes; keys and values may be empty. Bring your own database by
/// implementing this interface and passing an <see cref="IStorageEngineFactory"/> in <see cref="HonuStoreOptions.Engine"/>.
/// </para>
/// <para>
/// Errors are <see cref="HonuException"/>s. Misuse is an exception too and never a crash: <see cref="ObjectDisposedException"/> after
/// <see cref="IDisposable.Dispose"/> (of the engine, also from its snapshots and iterators, which may be disposed after it),
/// <see cref="ArgumentException"/> for a batch or a snapshot of another engine. Disposing twice does nothing.
/// </para>
/// </remarks>
public interface IStorageEngine : IDisposable
{
    /// <summary>Looks up one key, as of <paramref name="snapshot"/> or now. Dispose the value to free what it refers to.</summary>
    EngineValue Get(scoped ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null);

    /// <summary>A new, empty batch.</summary>
    EngineBatch CreateBatch();

    /// <summary>Applies the batch atomically; readers see all or nothing of it.</summary>
    /// <param name="batch">A batch of this engine. It may be cleared and used again afterwards.</param>
    /// <param name="sync">Whether the batch survives power loss when the call returns. Says nothing of earlier batches: <see cref="Sync"/> is the barrier.</param>
    void Write(EngineBatch batch, bool sync);

    /// <summary>An unpositioned iterator as of <paramref name="snapshot"/>, or of the moment of the call.</summary>
    /// <param name="snapshot">The view; <see langword="null"/> for now.</param>
    /// <param name="verify">Whether everything read is checked, also where <see cref="HonuStoreOptions.Integrity"/> asks for less: for walks whose caller believes what is absent. Engines that check anyway, or cannot, ignore it.</param>
    EngineIterator CreateIterator(EngineSnapshot? snapshot = null, bool verify = false);

    /// <summary>A consistent view that later writes do not change. Dispose it: an old one keeps old data alive.</summary>
    EngineSnapshot CreateSnapshot();

    /// <summary>A barrier: when it returns, everything written before the call survives power loss.</summary>
    void Sync();

    /// <summary>About how many bytes the keys in <c>[from, to)</c> take on disk; an empty <paramref name="to"/> is the end. 0 where nothing is on a disk.</summary>
    long GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to);

    /// <summary>About how many bytes of memory the engine holds outside of the managed heap.</summary>
    long GetMemoryBytes();

    /// <summary>Closes the database and opens it again, after a write or barrier has failed: what it held in memory may not be what is on disk.</summary>
    /// <remarks>
    /// Snapshots and iterators from before end with an exception. When it throws, the engine stays closed, reads throw as well, and
    /// it may be called again. Does nothing by default: for engines that a failed write leaves as they were.
    /// </remarks>
    /// <exception cref="HonuException">It cannot be opened.</exception>
    void Reopen()
    {
    }

    /// <summary>Rewrites the store so that removed and overwritten entries take no more space.</summary>
    void Compact();
}

/// <summary>Opens an engine at a path: the place to bring one's own database, or to wrap one in tests.</summary>
public interface IStorageEngineFactory
{
    /// <summary>Whether the engine keeps its data in the directory; otherwise nothing is created or checked there.</summary>
    bool UsesDirectory { get; }

    /// <summary>Tells the place from a copy of it: a store that finds another number than at its last opening was copied or restored, and takes a new epoch.</summary>
    /// <returns>
    /// By default the birth of the store's marker file where there is a directory, and 0, which means that copies cannot be told, where there is none.
    /// </returns>
    long Stamp(string path) => UsesDirectory ? StoreDirectory.Stamp(path) : 0;

    /// <summary>Makes a damaged engine open again with what can be read of it; called while it is closed.</summary>
    /// <remarks>Does nothing unless the engine says otherwise: what cannot be opened then stays closed.</remarks>
    void Repair(string path, HonuStoreOptions options)
    {
    }

    /// <summary>Opens the engine, creating it when it is not there.</summary>
    /// <param name="path">The directory. It exists when <see cref="UsesDirectory"/> is set, and holds files of Honu, whose names begin with <c>HONU</c>.</param>
    /// <param name="options">The store's options: take from them what applies, such as the sizes of caches.</param>
    /// <exception cref="HonuStoreLockedException">It is open already, in this process (by whatever spelling of the path) or in another one.</exception>
    /// <exception cref="HonuFormatException">The directory holds another engine's data. Nothing was written.</exception>
    /// <exception cref="HonuCorruptionException">The data are damaged.</exception>
    /// <exception cref="HonuIOException">The disk or the file system refused.</exception>
    IStorageEngine Open(string path, HonuStoreOptions options);
}

/// <summary>Writes to be applied together, in their order: the last one on a key wins. Used by one thread at a time.</summary>
public abstract class EngineBatch : IDisposable
{
    /// <summary>Sets a key; the spans are copied.</summary>
    public abstract void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>Removes a key, if it is there.</summary>
    public abstract void Delete(ReadOnlySpan<byte> key);

    /// <summary>Empties the batch for its next use.</summary>
    public abstract void Clear();

    /// <summary>How many operations the batch holds.</summary>
    public abstract int Count { get; }

    /// <summary>Frees the batch.</summary>
    public abstract void Dispose();
}

/// <summary>A consistent view of an engine. Used by any number of threads.</summary>
public abstract class EngineSnapshot : IDisposable
{
    /// <summary>Lets go of the view.</summary>
    public abstract void Dispose();
}

/// <summary>Walks the keys in order, both ways. Used by one thread at a time; it keeps its view alive, also after its snapshot was disposed.</summary>
/// <remarks>
/// <see cref="Key"/> and <see cref="Value"/> are valid until the iterator moves. An engine may pass over data that it cannot read and
/// go on: whoever has walked a range must call <see cref="ThrowIfFailed"/> before believing that nothing else was in it.
/// </remarks>
public abstract class EngineIterator : IDisposable
{
    /// <summary>Whether the iterator stands on an entry.</summary>
    public abstract bool IsValid { get; }

    /// <summary>The key it stands on.</summary>
    /// <exception cref="InvalidOperationException">The iterator does not stand on an entry.</exception>
    public abstract ReadOnlySpan<byte> Key { get; }

    /// <summary>The value it stands on.</summary>
    /// <exception cref="InvalidOperationException">The iterator does not stand on an entry.</exception>
    public abstract ReadOnlySpan<byte> Value { get; }

    /// <summary>Moves to the first key that is not less than <paramref name="key"/>.</summary>
    public abstract void Seek(ReadOnlySpan<byte> key);

    /// <summary>Moves to the last key that is less than <paramref name="key"/>.</summary>
    public abstract void SeekBefore(ReadOnlySpan<byte> key);

    /// <summary>Moves to the next key; behind the last one the iterator is not valid any more.</summary>
    /// <exception cref="InvalidOperationException">The iterator does not stand on an entry.</exception>
    public abstract void Next();

    /// <summary>Moves to the previous key; before the first one the iterator is not valid any more.</summary>
    /// <exception cref="InvalidOperationException">The iterator does not stand on an entry.</exception>
    public abstract void Previous();

    /// <summary>Throws when something could not be read since the iterator was made.</summary>
    /// <exception cref="HonuCorruptionException">Data is damaged.</exception>
    public abstract void ThrowIfFailed();

    /// <summary>Frees the iterator.</summary>
    public abstract void Dispose();
}

namespace Honu.Engines;

/// <summary>What Honu needs from a database: ordered keys of bytes, atomic batches, snapshots and a durable barrier.</summary>
/// <remarks>
/// Reads, snapshots and iterators are called from any thread, also while another thread writes; <see cref="Write"/> is called by one
/// thread at a time. Keys are ordered as unsigned bytes. Errors are <see cref="HonuException"/>s. Bring your own database by
/// implementing this interface and passing an <see cref="IStorageEngineFactory"/> in <see cref="HonuStoreOptions.Engine"/>.
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
    EngineIterator CreateIterator(EngineSnapshot? snapshot = null);

    /// <summary>A consistent view that later writes do not change. Dispose it: an old one keeps old data alive.</summary>
    EngineSnapshot CreateSnapshot();

    /// <summary>A barrier: when it returns, everything written before the call survives power loss.</summary>
    void Sync();

    /// <summary>About how many bytes the keys in <c>[from, to)</c> take on disk.</summary>
    long GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to);

    /// <summary>About how many bytes of memory the engine holds outside of the managed heap.</summary>
    long GetMemoryBytes();

    /// <summary>Rewrites the store so that removed and overwritten entries take no more space.</summary>
    void Compact();
}

/// <summary>Opens an engine at a path: the place to bring one's own database, or to wrap one in tests.</summary>
public interface IStorageEngineFactory
{
    /// <summary>Whether the engine keeps its data in the directory; otherwise nothing is created or checked there.</summary>
    bool UsesDirectory { get; }

    /// <summary>Tells the place from a copy of it: a store that finds another number than at its last opening was copied or restored, and takes a new epoch.</summary>
    /// <returns>0 where copies cannot be told.</returns>
    long Stamp(string path) => 0;

    /// <summary>Makes a damaged engine open again with what can be read of it; called while it is closed.</summary>
    /// <remarks>Does nothing unless the engine says otherwise: what cannot be opened then stays closed.</remarks>
    void Repair(string path, HonuStoreOptions options)
    {
    }

    /// <summary>Opens the engine, creating it when it is not there.</summary>
    IStorageEngine Open(string path, HonuStoreOptions options);
}

/// <summary>Writes to be applied together. Used by one thread at a time.</summary>
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

/// <summary>A consistent view of an engine.</summary>
public abstract class EngineSnapshot : IDisposable
{
    /// <summary>Lets go of the view.</summary>
    public abstract void Dispose();
}

/// <summary>Walks the keys in order, both ways. Used by one thread at a time; dispose it before the engine.</summary>
/// <remarks>
/// <see cref="Key"/> and <see cref="Value"/> are valid until the iterator moves. An engine may pass over data that it cannot read and
/// go on: whoever has walked a range must call <see cref="ThrowIfFailed"/> before believing that nothing else was in it.
/// </remarks>
public abstract class EngineIterator : IDisposable
{
    /// <summary>Whether the iterator stands on an entry.</summary>
    public abstract bool IsValid { get; }

    /// <summary>The key it stands on.</summary>
    public abstract ReadOnlySpan<byte> Key { get; }

    /// <summary>The value it stands on.</summary>
    public abstract ReadOnlySpan<byte> Value { get; }

    /// <summary>Moves to the first key that is not less than <paramref name="key"/>.</summary>
    public abstract void Seek(ReadOnlySpan<byte> key);

    /// <summary>Moves to the last key that is less than <paramref name="key"/>.</summary>
    public abstract void SeekBefore(ReadOnlySpan<byte> key);

    /// <summary>Moves to the next key.</summary>
    public abstract void Next();

    /// <summary>Moves to the previous key.</summary>
    public abstract void Previous();

    /// <summary>Throws when something could not be read since the iterator was made.</summary>
    /// <exception cref="HonuCorruptionException">Data is damaged.</exception>
    public abstract void ThrowIfFailed();

    /// <summary>Frees the iterator.</summary>
    public abstract void Dispose();
}

using Honu.LevelDb.Interop;

namespace Honu.LevelDb;

/// <summary>Operations that <see cref="LevelDatabase.Write"/> applies together, in their order; the last one on a key wins.</summary>
/// <remarks>
/// For one thread at a time; use by two at once throws. Keys and values are copied into native memory when they are added. Reuse a batch by
/// <see cref="Clear"/>: it keeps its memory. Belongs to no database.
/// </remarks>
public sealed class LevelWriteBatch : IDisposable
{
    private const int HeaderBytes = 12; // sequence number and count

    private readonly BatchHandle _handle;
    private int _busy;

    /// <summary>Creates an empty batch.</summary>
    /// <exception cref="DllNotFoundException">The native library was not found; the message names every place that was tried.</exception>
    public LevelWriteBatch()
    {
        NativeLibraryLocator.EnsureLoaded();
        _handle = new BatchHandle();
    }

    /// <summary>Number of operations.</summary>
    public int Count { get; private set; }

    /// <summary>About how many bytes the batch takes in memory and will take in the log.</summary>
    public long ApproximateBytes { get; private set; } = HeaderBytes;

    /// <summary>Adds: set the value of <paramref name="key"/>.</summary>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        BatchHandle handle = Enter();
        try
        {
            handle.Put(key, value);
            Count = checked(Count + 1);
            ApproximateBytes += 1 + PrefixedBytes(key) + PrefixedBytes(value);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Adds: remove <paramref name="key"/>.</summary>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public void Delete(ReadOnlySpan<byte> key)
    {
        BatchHandle handle = Enter();
        try
        {
            handle.Delete(key);
            Count = checked(Count + 1);
            ApproximateBytes += 1 + PrefixedBytes(key);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Removes all operations.</summary>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public void Clear()
    {
        BatchHandle handle = Enter();
        try
        {
            handle.Clear();
            Count = 0;
            ApproximateBytes = HeaderBytes;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Frees the native memory, or does so when a write of this batch that is running has ended. Disposing twice is harmless.</summary>
    public void Dispose() => _handle.Dispose();

    // For an owner (the store) that lets one thread at a time use the batch, and none once it is disposed: four operations a put, each of which
    // would pay three interlocked instructions to find that out again.
    internal void PutUnguarded(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        _handle.PutUnguarded(key, value);
        Count++;
    }

    internal void DeleteUnguarded(ReadOnlySpan<byte> key)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        _handle.DeleteUnguarded(key);
        Count++;
    }

    internal void ClearUnguarded()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        _handle.ClearUnguarded();
        Count = 0;
        ApproximateBytes = HeaderBytes;
    }

    internal BatchHandle Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
            return _handle;
        }
    }

    // Native batches have no lock of their own: a Put while another thread writes the batch would move the memory that LevelDB reads.
    internal BatchHandle Enter()
    {
        if (Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
            throw new InvalidOperationException("A LevelWriteBatch was used by two threads at once; give each its own.");
        if (!_handle.IsClosed)
            return _handle;
        Leave();
        throw new ObjectDisposedException(typeof(LevelWriteBatch).FullName);
    }

    internal void Leave() => Volatile.Write(ref _busy, 0);

    private static int PrefixedBytes(ReadOnlySpan<byte> bytes) => bytes.Length + bytes.Length switch
    {
        < 1 << 7 => 1,
        < 1 << 14 => 2,
        < 1 << 21 => 3,
        < 1 << 28 => 4,
        _ => 5,
    };
}

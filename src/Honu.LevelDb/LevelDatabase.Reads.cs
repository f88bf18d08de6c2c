using System.Buffers;

using Honu.LevelDb.Interop;

namespace Honu.LevelDb;

// Single reads, snapshots and iterators. No single read allocates managed memory except GetArray.
public sealed partial class LevelDatabase
{
    /// <summary>Reads the value of <paramref name="key"/> without copying it.</summary>
    /// <returns>The value, to be disposed; its <see cref="LevelValue.Found"/> is <see langword="false"/> when the key does not exist.</returns>
    /// <exception cref="LevelDbException">A block that was read is damaged, or a file cannot be read.</exception>
    /// <exception cref="ArgumentException">The snapshot belongs to another database.</exception>
    public LevelValue Get(scoped ReadOnlySpan<byte> key, scoped in LevelReadOptions options = default)
    {
        LevelValue value = _handle.Get(key, options.Snapshot?.Handle, options.VerifyChecksums ?? _verifyChecksums, !options.DontFillCache);
        GC.KeepAlive(options.Snapshot); // or its finalizer could release it before the call has taken its reference
        return value;
    }

    /// <summary>Copies the value of <paramref name="key"/> into <paramref name="destination"/>.</summary>
    /// <returns><see langword="true"/> if the key exists; otherwise nothing was written.</returns>
    /// <exception cref="LevelDbException">A block that was read is damaged, or a file cannot be read.</exception>
    /// <exception cref="ArgumentException">The snapshot belongs to another database.</exception>
    public bool TryGet(ReadOnlySpan<byte> key, IBufferWriter<byte> destination, in LevelReadOptions options = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using LevelValue value = Get(key, options);
        if (!value.Found)
            return false;
        destination.Write(value.Span);
        return true;
    }

    /// <summary>Reads the value of <paramref name="key"/> into a new array.</summary>
    /// <returns>The value, or <see langword="null"/> when the key does not exist.</returns>
    /// <remarks>A convenience: allocates one array. Prefer <see cref="Get"/> or <see cref="TryGet"/> where it matters.</remarks>
    /// <exception cref="LevelDbException">A block that was read is damaged, or a file cannot be read.</exception>
    /// <exception cref="ArgumentException">The snapshot belongs to another database.</exception>
    public byte[]? GetArray(ReadOnlySpan<byte> key, in LevelReadOptions options = default)
    {
        using LevelValue value = Get(key, options);
        return value.Found ? value.Span.ToArray() : null;
    }

    /// <summary>Keeps the present state readable, whatever is written later, until the snapshot is disposed.</summary>
    /// <remarks>What a snapshot shows cannot be removed by compaction, so one that is kept long costs disk space.</remarks>
    public LevelSnapshot CreateSnapshot() => new(new SnapshotHandle(_handle));

    /// <summary>Creates an iterator over the present state, or over that of <see cref="LevelReadOptions.Snapshot"/>; it is not on an entry yet.</summary>
    /// <remarks>The state that it shows does not change. The snapshot may be disposed before the iterator.</remarks>
    /// <exception cref="ArgumentException">The snapshot belongs to another database.</exception>
    public LevelIterator CreateIterator(in LevelReadOptions options = default)
    {
        var iterator = new LevelIterator(
            _handle.CreateIterator(options.Snapshot?.Handle, options.VerifyChecksums ?? _verifyChecksums, !options.DontFillCache), Path);
        GC.KeepAlive(options.Snapshot);
        return iterator;
    }
}

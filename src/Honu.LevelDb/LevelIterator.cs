using Honu.LevelDb.Interop;

namespace Honu.LevelDb;

/// <summary>Moves over the entries of a database in the order of their keys, in both directions. Nothing is copied.</summary>
/// <remarks>
/// <para>
/// For one thread at a time; a move from two threads at once throws. It shows one state: writes after its creation are not seen. While it lives
/// it keeps files of that state on disk, and the database open: dispose it (<c>using</c>). An iterator that is forgotten is closed by the
/// finalizer, and spans taken from it end then.
/// </para>
/// <para>
/// An iterator that meets a damaged block skips its entries, or becomes invalid as if the end had come: call <see cref="ThrowIfFailed"/> after
/// the loop.
/// </para>
/// <code>
/// using LevelIterator iterator = database.CreateIterator();
/// for (iterator.Seek("user/"u8); iterator.IsValid &amp;&amp; iterator.Key.StartsWith("user/"u8); iterator.Next())
///     Use(iterator.Key, iterator.Value);
/// iterator.ThrowIfFailed();
/// </code>
/// </remarks>
public sealed class LevelIterator : IDisposable
{
    private readonly IteratorHandle _handle;
    private readonly string _path;

    internal LevelIterator(IteratorHandle handle, string path)
    {
        _handle = handle;
        _path = path;
    }

#pragma warning disable MA0055 // a SafeHandle alone does not do: its database keeps track of it, so it would be collected only with the database
    /// <summary>Closes the iterator when nobody disposed it; the database is free to close only afterwards.</summary>
    ~LevelIterator()
    {
        _handle.CloseIterator();
    }
#pragma warning restore MA0055

    /// <summary>Whether the iterator is on an entry. False at first, behind either end, and after an error.</summary>
    /// <exception cref="ObjectDisposedException">The iterator or its database was disposed.</exception>
    public bool IsValid => _handle.IsValid;

    /// <summary>Key of the current entry, in LevelDB's memory: valid until the next move or <see cref="Dispose"/>. Copy it to keep it.</summary>
    /// <exception cref="InvalidOperationException">The iterator is not on an entry.</exception>
    /// <exception cref="ObjectDisposedException">The iterator or its database was disposed.</exception>
    public ReadOnlySpan<byte> Key
    {
        get
        {
            ReadOnlySpan<byte> bytes = _handle.Key;
            GC.KeepAlive(this);
            return bytes;
        }
    }

    /// <summary>Value of the current entry, in LevelDB's memory: valid until the next move or <see cref="Dispose"/>. Copy it to keep it.</summary>
    /// <exception cref="InvalidOperationException">The iterator is not on an entry.</exception>
    /// <exception cref="ObjectDisposedException">The iterator or its database was disposed.</exception>
    public ReadOnlySpan<byte> Value
    {
        get
        {
            ReadOnlySpan<byte> bytes = _handle.Value;
            GC.KeepAlive(this);
            return bytes;
        }
    }

    /// <summary>Moves to the first entry.</summary>
    /// <exception cref="ObjectDisposedException">The iterator or its database was disposed.</exception>
    public void SeekToFirst()
    {
        _handle.SeekToFirst();
        GC.KeepAlive(this); // or the finalizer could destroy the native iterator under the call; the same below
    }

    /// <summary>Moves to the last entry.</summary>
    /// <exception cref="ObjectDisposedException">The iterator or its database was disposed.</exception>
    public void SeekToLast()
    {
        _handle.SeekToLast();
        GC.KeepAlive(this);
    }

    /// <summary>Moves to <paramref name="key"/>, or to the first entry behind it.</summary>
    /// <exception cref="ObjectDisposedException">The iterator or its database was disposed.</exception>
    public void Seek(ReadOnlySpan<byte> key)
    {
        _handle.Seek(key);
        GC.KeepAlive(this);
    }

    /// <summary>Moves to the next entry; behind the last one the iterator becomes invalid.</summary>
    /// <exception cref="InvalidOperationException">The iterator is not on an entry.</exception>
    /// <exception cref="ObjectDisposedException">The iterator or its database was disposed.</exception>
    public void Next()
    {
        _handle.Next();
        GC.KeepAlive(this);
    }

    /// <summary>Moves to the previous entry; before the first one the iterator becomes invalid. Costs more than <see cref="Next"/>.</summary>
    /// <exception cref="InvalidOperationException">The iterator is not on an entry.</exception>
    /// <exception cref="ObjectDisposedException">The iterator or its database was disposed.</exception>
    public void Prev()
    {
        _handle.Prev();
        GC.KeepAlive(this);
    }

    /// <summary>Throws the error that stopped the iterator, if there was one. Call it whenever <see cref="IsValid"/> has become false.</summary>
    /// <exception cref="LevelDbException">The iterator stopped early: entries behind this point were not seen.</exception>
    /// <exception cref="ObjectDisposedException">The iterator or its database was disposed.</exception>
    public void ThrowIfFailed()
    {
        string? error = _handle.TakeError();
        GC.KeepAlive(this);
        if (error is not null)
            throw ErrorTranslation.ToException(error, _path, "Iterating the database");
    }

    /// <summary>Closes the iterator. Spans taken from it must not be used any more. Disposing twice is harmless.</summary>
    public void Dispose()
    {
        _handle.CloseIterator();
        GC.SuppressFinalize(this);
    }
}

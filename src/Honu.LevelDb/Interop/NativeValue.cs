namespace Honu.LevelDb.Interop;

// Owner of one value that leveldb_get allocated. LevelValue is a readonly struct, so copies of it exist and each may be disposed:
// the pointer therefore lives here once, with a generation that tells a stale copy from the present user.
// LevelValue is a ref struct and cannot leave its thread, so a free list per thread needs no lock.
//
// There is no finalizer on purpose: `db.Get(key).Span` would then read memory that the finalizer may already have freed. A value that is
// never disposed leaks instead, which is the smaller evil.
internal sealed unsafe class NativeValue
{
    [ThreadStatic]
    private static NativeValue? _free;

    private byte* _data;
    private int _length;
    private NativeValue? _next;

    private NativeValue()
    {
    }

    /// <summary>Grows with every use of this object; a <see cref="LevelValue"/> of an earlier generation is disposed.</summary>
    internal long Generation { get; private set; }

    internal static NativeValue Rent(byte* data, int length)
    {
        NativeValue value = _free ?? new NativeValue();
        _free = value._next;
        value._next = null;
        value._data = data;
        value._length = length;
        return value;
    }

    internal ReadOnlySpan<byte> Span(long generation)
    {
        ObjectDisposedException.ThrowIf(generation != Generation, typeof(LevelValue));
        return new ReadOnlySpan<byte>(_data, _length);
    }

    internal void Free(long generation)
    {
        if (generation != Generation)
            return;

        Generation++;
        NativeMethods.leveldb_free(_data);
        _data = null;
        _length = 0;
        _next = _free;
        _free = this;
    }
}

using System.Runtime.InteropServices;

namespace Honu.LevelDb.Interop;

// leveldb_writebatch_t. The reference count lets a batch be disposed while a write of it is running in another thread.
internal sealed unsafe class BatchHandle : SafeHandle
{
    internal BatchHandle()
        : base(0, ownsHandle: true)
    {
        SetHandle(NativeMethods.leveldb_writebatch_create());
    }

    public override bool IsInvalid => handle == 0;

    internal void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        bool added = false;
        DangerousAddRef(ref added);
        PutUnguarded(key, value);
        DangerousRelease();
    }

    internal void Delete(ReadOnlySpan<byte> key)
    {
        bool added = false;
        DangerousAddRef(ref added);
        DeleteUnguarded(key);
        DangerousRelease();
    }

    internal void Clear()
    {
        bool added = false;
        DangerousAddRef(ref added);
        ClearUnguarded();
        DangerousRelease();
    }

    internal void PutUnguarded(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* k = &NativeMethods.Pin(key), v = &NativeMethods.Pin(value))
            NativeMethods.leveldb_writebatch_put(handle, k, (nuint)key.Length, v, (nuint)value.Length);
    }

    internal void DeleteUnguarded(ReadOnlySpan<byte> key)
    {
        fixed (byte* k = &NativeMethods.Pin(key))
            NativeMethods.leveldb_writebatch_delete(handle, k, (nuint)key.Length);
    }

    internal void ClearUnguarded() => NativeMethods.leveldb_writebatch_clear(handle);

    protected override bool ReleaseHandle()
    {
        NativeMethods.leveldb_writebatch_destroy(handle);
        return true;
    }
}

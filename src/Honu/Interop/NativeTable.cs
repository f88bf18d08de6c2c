using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Honu.Interop;

/// <summary>A table of fixed size in zeroed memory outside of the managed heap: the system gives a page when it is first touched, so a large table that is hardly used costs little.</summary>
/// <remarks>Begins on a cache line. Must not be used after its disposal: for one owner, which knows when that is.</remarks>
internal sealed unsafe class NativeTable<T> : SafeHandle
    where T : unmanaged
{
    private const int CacheLineBytes = 64;

    private readonly int _length;
    private readonly T* _first;

    public NativeTable(int length)
        : base(0, ownsHandle: true)
    {
        _length = length;
        var bytes = ((nuint)length * (nuint)sizeof(T)) + CacheLineBytes;
        SetHandle((nint)NativeMemory.AllocZeroed(bytes));
        _first = (T*)(((nuint)handle + CacheLineBytes - 1) & ~(nuint)(CacheLineBytes - 1));
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>One entry.</summary>
    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)_length)
                throw new ArgumentOutOfRangeException(nameof(index));
            return ref _first[index];
        }
    }

    /// <summary>Asks for an entry's cache line ahead of its use. Free of effect for a wrong index.</summary>
    public void Prefetch(int index)
    {
        if (Sse.IsSupported && (uint)index < (uint)_length)
            Sse.Prefetch0(_first + index);
    }

    /// <summary>Some entries in a row.</summary>
    public Span<T> Slice(int start, int length)
    {
        if ((ulong)(uint)start + (uint)length > (uint)_length)
            throw new ArgumentOutOfRangeException(nameof(length));
        return new Span<T>(_first + start, length);
    }

    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }
}

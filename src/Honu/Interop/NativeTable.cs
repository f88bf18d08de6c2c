using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Honu.Interop;

/// <summary>A table of fixed size in zeroed memory outside of the managed heap: the system gives a page when it is first touched, so a large table that is hardly used costs little.</summary>
internal sealed unsafe class NativeTable<T> : IDisposable
    where T : unmanaged
{
    private const int CacheLineBytes = 64;

    private readonly int _length;
    private readonly void* _memory;
    private readonly T* _first;
    private int _isDisposed;

    public NativeTable(int length)
    {
        _length = length;
        _memory = NativeMemory.AllocZeroed((nuint)length + (CacheLineBytes / (nuint)sizeof(T)) + 1, (nuint)sizeof(T));
        _first = (T*)(((nuint)_memory + CacheLineBytes - 1) & ~(nuint)(CacheLineBytes - 1));
    }

    ~NativeTable() => Dispose();

    /// <summary>How many entries the table has.</summary>
    public int Length => _length;

    /// <summary>One entry. The table must not be disposed meanwhile.</summary>
    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_length);
            return ref _first[index];
        }
    }

    /// <summary>Some entries in a row.</summary>
    public Span<T> Slice(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start + (uint)length, (uint)_length);
        return new Span<T>(_first + start, length);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            NativeMemory.Free(_memory);
        GC.SuppressFinalize(this);
    }
}

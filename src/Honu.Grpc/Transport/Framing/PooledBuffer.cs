using System.Buffers;

namespace Honu.Grpc;

/// <summary>One growing array from the shared pool. Contiguous, so that a whole message goes to the connection in one write. Not thread-safe.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
{
    private const int InitialBytes = 512;

    private byte[] _array = [];

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public ReadOnlyMemory<byte> WrittenMemory => _array.AsMemory(0, Length);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_array.Length - Length), nameof(count));
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureFree(Math.Max(sizeHint, 1));
        return _array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void EnsureFree(int bytes)
    {
        if (_array.Length - Length >= bytes)
            return;

        var larger = ArrayPool<byte>.Shared.Rent(checked((int)Math.Max(Math.Max((long)Length + bytes, InitialBytes), Math.Min(2L * Length, Array.MaxLength))));
        _array.AsSpan(0, Length).CopyTo(larger);
        Return();
        _array = larger;
    }

    public void Dispose()
    {
        Length = 0;
        Return();
    }

    private void Return()
    {
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        _array = [];
    }
}

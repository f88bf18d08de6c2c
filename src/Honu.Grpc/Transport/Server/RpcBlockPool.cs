using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Sets the server up for gRPC.</summary>
public static class RpcServiceCollectionExtensions
{
    /// <summary>Makes Kestrel receive and send in blocks of 16 KiB instead of 4: a message of 64 KiB takes a quarter of the system calls.</summary>
    /// <remarks>Not needed to serve calls. Holds for all endpoints; a call in progress takes up to two blocks, and up to 16 MiB are kept for reuse.</remarks>
    public static IServiceCollection AddRpcBuffers(this IServiceCollection services) => services.AddSingleton<IMemoryPoolFactory<byte>>(new RpcBlockPool());
}

/// <summary>Pinned blocks of the size of a DATA frame.</summary>
internal sealed class RpcBlockPool : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int BlockBytes = 16 * 1024;
    private const int KeptBlocks = 1024;

    private readonly ConcurrentQueue<Block> _free = [];

    public override int MaxBufferSize => BlockBytes;

    // One for all: Kestrel asks for a pool per I/O queue.
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => minBufferSize > BlockBytes
        ? throw new ArgumentOutOfRangeException(nameof(minBufferSize), minBufferSize, $"A block has {BlockBytes} bytes.")
        : _free.TryDequeue(out var block) ? block : new Block(this);

    protected override void Dispose(bool disposing) => _free.Clear();

    private sealed class Block(RpcBlockPool pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true), 0, BlockBytes);

        public void Dispose()
        {
            // The count may be a little late under contention: then a few more are kept.
            if (pool._free.Count < KeptBlocks)
                pool._free.Enqueue(this);
        }
    }
}

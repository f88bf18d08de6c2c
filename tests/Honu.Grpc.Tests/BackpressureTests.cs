using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>A side that does not read stops the other one from writing. A write that does not complete for a second counts as stopped.</summary>
public sealed class BackpressureTests
{
    private const int MessageBytes = 64 * 1024;
    private const int BoundBytes = 32 * 1024 * 1024;
    private static readonly EchoMessage Message = new() { Body = ByteString.CopyFrom(new byte[MessageBytes]) };

    [Fact]
    public async Task Server_ClientDoesNotRead_StopsWithinTheWindows()
    {
        var written = new TaskCompletionSource<int>();
        await using var host = await EchoHost.StartAsync();
        host.Service.OnExpand = async (_, responses, context) => written.SetResult(await WriteUntilStalledAsync(() => responses.WriteAsync(Message)));
        using var call = host.Client().Expand(new EchoMessage());

        var sent = await written.Task.Guarded();
        var received = 0;
        while (await call.ResponseStream.MoveNext().Guarded())
            received++;

        Assert.InRange((long)sent * MessageBytes, 1, BoundBytes);
        Assert.Equal(sent, received);
    }

    [Fact]
    public async Task Client_ServerDoesNotRead_StopsWithinTheWindows()
    {
        var read = new SyncPoint();
        await using var host = await EchoHost.StartAsync();
        host.Service.OnCollect = async (requests, _) =>
        {
            await read.Task;
            var count = 0;
            while (await requests.MoveNext())
                count++;
            return new EchoMessage { Number = count };
        };
        using var call = host.Client().Collect();

        Task last = Task.CompletedTask;
        var sent = await WriteUntilStalledAsync(() => last = call.RequestStream.WriteAsync(Message));
        read.Reach();
        await last.Guarded();
        await call.RequestStream.CompleteAsync().Guarded();

        Assert.InRange((long)sent * MessageBytes, 1, BoundBytes);
        Assert.Equal(sent, (await call.Guarded()).Number);
    }

    private static async Task<int> WriteUntilStalledAsync(Func<Task> write)
    {
        for (var count = 1; ; count++)
        {
            var writing = write();
            try
            {
                await writing.WaitAsync(TimeSpan.FromSeconds(1));
            }
            catch (TimeoutException)
            {
                return count;
            }

            if ((long)count * MessageBytes > 2L * BoundBytes)
                return count;
        }
    }
}

using Grpc.Core;
using Honu.Grpc.Tests.Peers;

namespace Honu.Grpc.Tests;

/// <summary>
/// One process writes messages of 64 KiB as fast as it can, up to 1 GiB a stream, to another one that does not read. Both measure their own memory: it grows
/// by no more than the windows.
/// </summary>
public sealed class SlowReaderTests
{
    private const long MemoryBound = 64L * 1024 * 1024;

    // The windows are 1 MiB for a stream and 8 MiB for a connection to the server (64 MiB to the client); besides there is what pipes and sockets hold.
    private const long StreamBound = 2L * 1024 * 1024;
    private const long ConnectionBound = 10L * 1024 * 1024;

    [Theory]
    [InlineData("sink", 1)]
    [InlineData("sink", 10)]
    [InlineData("flood", 1)]
    [InlineData("flood", 10)]
    public async Task Reader_DoesNotRead_MemoryOfBothEndsIsBoundedByTheWindows(string order, int streams)
    {
        using var server = await PeerProcess.ServeAsync();
        using var client = await PeerProcess.CallAsync(server.Port);
        var writer = order == "sink" ? server : client;
        client.Order("call Unary 20000");
        Assert.Equal(nameof(StatusCode.OK), (await client.HearAsync("ended"))[0]);
        var before = (Server: await server.MemoryAsync(), Client: await client.MemoryAsync());

        for (var i = 0; i < streams; i++)
            client.Order(order);
        var written = 0L;
        for (var i = 0; i < streams; i++)
            written += long.Parse((await writer.HearAsync("stalled"))[0]) * PeerServer.FloodMessageBytes;
        var after = (Server: await server.MemoryAsync(), Client: await client.MemoryAsync());

        Assert.InRange(written, PeerServer.FloodMessageBytes, order == "sink" ? streams * StreamBound : Math.Min(streams * StreamBound, ConnectionBound));
        Assert.All(
            [
                after.Server.Heap - before.Server.Heap, after.Server.WorkingSet - before.Server.WorkingSet,
                after.Client.Heap - before.Client.Heap, after.Client.WorkingSet - before.Client.WorkingSet,
            ],
            growth => Assert.InRange(growth, long.MinValue, MemoryBound));
    }

    [Fact]
    public async Task Reader_DoesNotRead_OtherCallsOnTheConnectionGoOn()
    {
        using var server = await PeerProcess.ServeAsync();
        using var client = await PeerProcess.CallAsync(server.Port);

        client.Order("sink");
        await server.HearAsync("stalled");
        client.Order("flood");
        await client.HearAsync("stalled");
        client.Order("call Unary 20000");
        client.Order("call Expand 20000");

        Assert.Equal(nameof(StatusCode.OK), (await client.HearAsync("ended"))[0]);
        Assert.Equal(nameof(StatusCode.OK), (await client.HearAsync("ended"))[0]);
    }
}

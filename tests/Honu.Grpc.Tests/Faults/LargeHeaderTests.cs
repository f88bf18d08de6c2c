using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Metadata of 64 KiB, in one entry and in many, there and back, a hundred times: a typed status, and nothing is left of it.</summary>
public sealed class LargeHeaderTests
{
    private const int Times = 100;
    private const long Bound = 32L * 1024 * 1024;

    [Theory]
    [InlineData(1, 64 * 1024)]
    [InlineData(64, 1024)]
    public Task Request_With64KiBOfMetadata_IsServedOrRefusedAndOtherCallsGoOn(int count, int bytes) =>
        RepeatAsync(Large(count, bytes), ok: StatusCode.OK);

    // The client does not know the limits of the server yet.
    [Theory]
    [InlineData(1, 64 * 1024)]
    [InlineData(64, 1024)]
    public async Task Request_With64KiBOfMetadataOnANewConnection_IsServedOrRefused(int count, int bytes)
    {
        await using var host = await EchoHost.StartAsync();

        AssertTyped(StatusCode.OK, await StatusAsync(host.Client(), Large(count, bytes)));
        Assert.Empty(host.Errors);
    }

    [Theory]
    [InlineData("headers", 1, 64 * 1024)]
    [InlineData("headers", 64, 1024)]
    [InlineData("trailers", 1, 64 * 1024)]
    [InlineData("trailers", 64, 1024)]
    [InlineData("error", 1, 64 * 1024)]
    [InlineData("error", 64, 1024)]
    public Task Response_With64KiBOfMetadata_IsReadOrRefusedAndOtherCallsGoOn(string where, int count, int bytes) =>
        RepeatAsync([new("reply", $"{where} {count} {bytes}")], ok: where == "error" ? StatusCode.NotFound : StatusCode.OK);

    private static Metadata Large(int count, int bytes)
    {
        var metadata = new Metadata();
        for (var i = 0; i < count; i++)
            metadata.Add($"large-{i}", new string('x', bytes));
        return metadata;
    }

    // UNAVAILABLE would invite the caller to try the same again.
    private static void AssertTyped(StatusCode ok, Status found) =>
        Assert.True(found.StatusCode == ok || found.StatusCode == StatusCode.ResourceExhausted, found.ToString());

    private static async Task RepeatAsync(Metadata metadata, StatusCode ok)
    {
        using var server = await PeerProcess.ServeAsync();
        using var channel = RpcChannel.ForAddress(server.Address);
        var client = new Echo.EchoClient(channel);
        await client.UnaryAsync(new EchoMessage()).Guarded();
        var first = await StatusAsync(client, metadata);
        AssertTyped(ok, first);
        var before = await server.MemoryAsync();

        for (var i = 0; i < Times; i++)
        {
            using var beside = client.Duplex();
            await beside.RequestStream.WriteAsync(new EchoMessage { Number = i }).Guarded();
            Assert.True(await beside.ResponseStream.MoveNext().Guarded());
            Assert.Equal(first.StatusCode, (await StatusAsync(client, metadata)).StatusCode);
            await beside.RequestStream.CompleteAsync().Guarded();
            Assert.False(await beside.ResponseStream.MoveNext().Guarded());
        }

        var after = await server.MemoryAsync();

        Assert.InRange(after.Heap - before.Heap, long.MinValue, Bound);
        Assert.InRange(after.WorkingSet - before.WorkingSet, long.MinValue, 2 * Bound);
    }

    private static async Task<Status> StatusAsync(Echo.EchoClient client, Metadata metadata)
    {
        try
        {
            await client.UnaryAsync(new EchoMessage(), metadata).Guarded();
            return Status.DefaultSuccess;
        }
        catch (RpcException failure)
        {
            return failure.Status;
        }
    }
}

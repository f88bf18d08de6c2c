using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Limits of message sizes, at both sides and both ways.</summary>
public sealed class MessageLimitTests
{
    private static readonly EchoMessage Large = new() { Body = ByteString.CopyFrom(new byte[2000]) };

    [Fact]
    public async Task Request_AboveTheServersLimit_IsResourceExhausted()
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { MaxReceiveMessageBytes = 1000 });

        var failure = await host.Client().UnaryAsync(Large).FailureAsync();

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        Assert.Contains("1000", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_FarAboveTheServersLimit_IsRefusedBeforeItIsSent()
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { MaxReceiveMessageBytes = 1000 });

        var failure = await host.Client().UnaryAsync(new EchoMessage { Body = ByteString.CopyFrom(new byte[50_000_000]) }).FailureAsync();

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    [Fact]
    public async Task Request_AboveTheClientsLimit_FailsAndLeavesTheStreamUsable()
    {
        await using var host = await EchoHost.StartAsync();
        using var call = host.Client(new RpcChannelOptions { MaxSendMessageBytes = 1000 }).Collect();

        var failure = await call.RequestStream.WriteAsync(Large).FailureAsync();
        await call.RequestStream.WriteAsync(new EchoMessage { Number = 5 }).Guarded();
        await call.RequestStream.CompleteAsync().Guarded();

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        Assert.Equal(5, (await call.Guarded()).Number);
    }

    [Fact]
    public async Task Response_AboveTheClientsLimit_IsResourceExhausted()
    {
        await using var host = await EchoHost.StartAsync();

        var call = host.Client(new RpcChannelOptions { MaxReceiveMessageBytes = 1000 }).UnaryAsync(Large);
        var failure = await call.FailureAsync();

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        Assert.Equal(StatusCode.ResourceExhausted, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Response_AboveTheServersLimit_IsResourceExhausted()
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { MaxSendMessageBytes = 1000 });

        var failure = await host.Client().UnaryAsync(Large).FailureAsync();

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }
}

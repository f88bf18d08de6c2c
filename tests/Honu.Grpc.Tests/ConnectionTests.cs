using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;
using Microsoft.AspNetCore.Connections;

namespace Honu.Grpc.Tests;

/// <summary>Connections that are refused, lost, silent or closed in an orderly way.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task Call_NobodyListens_IsUnavailable()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var channel = RpcChannel.ForAddress($"http://127.0.0.1:{port}");
        var client = new Echo.EchoClient(channel);
        using var duplex = client.Duplex();

        Assert.Equal(StatusCode.Unavailable, (await client.UnaryAsync(new EchoMessage()).FailureAsync()).StatusCode);
        Assert.Equal(StatusCode.Unavailable, (await duplex.RequestStream.WriteAsync(new EchoMessage()).FailureAsync()).StatusCode);
        Assert.Equal(StatusCode.Unavailable, (await duplex.ResponseStream.MoveNext().FailureAsync()).StatusCode);
        Assert.Equal(StatusCode.Unavailable, (await duplex.ResponseHeadersAsync.FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task Connection_LostInMidStream_IsUnavailableAndTheNextCallReconnects()
    {
        var connections = new ConcurrentQueue<ConnectionContext>();
        var handlerStopped = new SyncPoint();
        await using var host = await EchoHost.StartAsync(listen: endpoint => endpoint.Use(next => connection =>
        {
            connections.Enqueue(connection);
            return next(connection);
        }));
        host.Service.OnDuplex = async (requests, responses, context) =>
        {
            context.CancellationToken.Register(handlerStopped.Reach);
            await responses.WriteAsync(new EchoMessage());
            await requests.MoveNext();
        };
        var client = host.Client();
        using var call = client.Duplex();
        Assert.True(await call.ResponseStream.MoveNext().Guarded());

        Assert.Single(connections).Abort();
        var failure = await call.ResponseStream.MoveNext().FailureAsync();

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        await handlerStopped.Task.Guarded();
        Assert.Equal(1, (await client.UnaryAsync(new EchoMessage { Number = 1 }).Guarded()).Number);
        Assert.Equal(2, connections.Count);
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Connection_LostWhileAUnaryCallWaits_IsUnavailable()
    {
        ConnectionContext? connection = null;
        await using var host = await EchoHost.StartAsync(listen: endpoint => endpoint.Use(next => accepted => next(connection = accepted)));
        host.Service.OnUnary = async (request, context) =>
        {
            connection!.Abort();
            await SyncPoint.WhenCancelled(context.CancellationToken).Task;
            return request;
        };

        var failure = await host.Client().UnaryAsync(new EchoMessage()).FailureAsync();

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task KeepAlive_ServerGoesSilent_IsUnavailable()
    {
        // The relay stands for a link that is cut without a word: bytes vanish, sockets stay.
        await using var host = await EchoHost.StartAsync();
        using var relay = new Relay(host.Port);
        using var channel = RpcChannel.ForAddress(
            $"http://127.0.0.1:{relay.Port}", new RpcChannelOptions { KeepAliveInterval = TimeSpan.FromSeconds(1), KeepAliveTimeout = TimeSpan.FromSeconds(1) });
        using var call = new Echo.EchoClient(channel).Duplex();
        await call.RequestStream.WriteAsync(new EchoMessage()).Guarded();
        Assert.True(await call.ResponseStream.MoveNext().Guarded());

        relay.Cut();
        var failure = await call.ResponseStream.MoveNext().FailureAsync();

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task Stop_CallsAreRunning_TheyMayFinish()
    {
        var entered = new SyncPoint();
        var release = new SyncPoint();
        var host = await EchoHost.StartAsync(options: new RpcServerOptions { TimeProvider = new ManualClock() });
        host.Service.OnUnary = async (request, _) =>
        {
            entered.Reach();
            await release.Task;
            return request;
        };
        var client = host.Client();

        var call = client.UnaryAsync(new EchoMessage { Number = 9 });
        await entered.Task.Guarded();
        var stopping = host.StopAsync();
        release.Reach();

        Assert.Equal(9, (await call.Guarded()).Number);
        await stopping.Guarded();
        Assert.Equal(StatusCode.Unavailable, (await client.UnaryAsync(new EchoMessage()).FailureAsync()).StatusCode);
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Stop_ACallOutlivesTheDrainTimeout_ItEndsWithUnavailable()
    {
        var host = await EchoHost.StartAsync(options: new RpcServerOptions { DrainTimeout = TimeSpan.Zero });
        using var call = host.Client().Duplex();
        await call.RequestStream.WriteAsync(new EchoMessage()).Guarded();
        Assert.True(await call.ResponseStream.MoveNext().Guarded());

        var stopping = host.StopAsync();
        var failure = await call.ResponseStream.MoveNext().FailureAsync();

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);

        // Without any time to drain, the end of the connection may reach the client before the status that tells why.
        Assert.Matches("shutting down|closed the connection", failure.Status.Detail);
        await stopping.Guarded();
        await host.DisposeAsync();
    }

    private sealed class Relay : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly ConcurrentBag<Socket> _sockets = [];
        private volatile bool _cut;

        public Relay(int serverPort)
        {
            _listener.Start();
            _ = AcceptAsync(serverPort);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Cut() => _cut = true;

        public void Dispose()
        {
            _listener.Dispose();
            foreach (var socket in _sockets)
                socket.Dispose();
        }

        private async Task AcceptAsync(int serverPort)
        {
            var near = await _listener.AcceptSocketAsync();
            var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(near);
            _sockets.Add(far);
            await far.ConnectAsync(IPAddress.Loopback, serverPort);
            await Task.WhenAll(PumpAsync(near, far), PumpAsync(far, near));
        }

        private async Task PumpAsync(Socket from, Socket to)
        {
            var buffer = new byte[16 * 1024];
            try
            {
                while (await from.ReceiveAsync(buffer) is > 0 and var count)
                {
                    if (!_cut)
                        await to.SendAsync(buffer.AsMemory(0, count));
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Honu.TestKit;

/// <summary>A port of the loopback behind which a server stands as far away as one wants: every byte arrives later, in order, in either direction.</summary>
/// <remarks>Bytes that come while others travel travel at the same time: it is a long line, not a slow one. The server may be named after clients know the port.</remarks>
public sealed class LatencyProxy : IAsyncDisposable
{
    private const int BlockBytes = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    /// <summary>Opens the port.</summary>
    /// <param name="there">How long bytes take to the server.</param>
    /// <param name="back">How long they take back.</param>
    public LatencyProxy(TimeSpan there, TimeSpan back)
    {
        (There, Back) = (there, back);
        _listener.Start();
        Address = $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect, <c>HOST:PORT</c>.</summary>
    public string Address { get; }

    /// <summary>How long bytes take to the server. May change at any time; counts for bytes that come afterwards.</summary>
    public TimeSpan There { get; set; }

    /// <summary>How long bytes take back.</summary>
    public TimeSpan Back { get; set; }

    /// <summary>The server's port on the loopback; connections that come before it is set are closed.</summary>
    public int ServerPort { get; set; }

    /// <summary>Bytes that have arrived at either end.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    private long _bytes;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(CarryAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy is closed.
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            try
            {
                // The handshake takes a round trip too.
                await Task.Delay(There + Back, _stop.Token);
                await server.ConnectAsync(IPAddress.Loopback, ServerPort, _stop.Token);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                var ways = new[] { PumpAsync(client, server, () => There, either), PumpAsync(server, client, () => Back, either) };
                await Task.WhenAll(ways);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // One end is gone: so is the connection.
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Func<TimeSpan> latency, CancellationTokenSource either)
    {
        var travelling = Channel.CreateUnbounded<(long Due, byte[] Bytes)>();
        var arriving = ArriveAsync(travelling.Reader, to, either);
        var buffer = new byte[BlockBytes];
        try
        {
            while (await from.ReceiveAsync(buffer, either.Token) is > 0 and var count)
                travelling.Writer.TryWrite((Stopwatch.GetTimestamp() + (long)(latency().TotalSeconds * Stopwatch.Frequency), buffer[..count]));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // What has been sent still arrives.
        }

        travelling.Writer.TryWrite((Stopwatch.GetTimestamp() + (long)(latency().TotalSeconds * Stopwatch.Frequency), []));
        await arriving;
    }

    private async Task ArriveAsync(ChannelReader<(long Due, byte[] Bytes)> travelling, Socket to, CancellationTokenSource either)
    {
        try
        {
            while (true)
            {
                var (due, bytes) = await travelling.ReadAsync(either.Token);
                var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                if (left > TimeSpan.Zero)
                    await Task.Delay(left, either.Token);
                if (bytes.Length == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                await to.SendAsync(bytes, either.Token);
                Interlocked.Add(ref _bytes, bytes.Length);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Nobody is there any more: the other way ends as well.
            await either.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The connection is closed.
        }
    }
}

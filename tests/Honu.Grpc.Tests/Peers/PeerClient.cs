using System.Diagnostics;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests.Peers;

/// <summary>
/// Calls an echo server: <c>open KIND PHASE</c> begins a call that the server brings into the phase, <c>flood</c> writes to a server that does not read,
/// <c>sink</c> does not read what a server writes, <c>call KIND MILLISECONDS</c> says with which status a call with that deadline ends.
/// </summary>
#pragma warning disable CA1001 // It lives as long as its process.
internal sealed class PeerClient(int port)
#pragma warning restore CA1001
{
    private const int PartBytes = 500;

    private readonly RpcChannel _channel = RpcChannel.ForAddress($"http://127.0.0.1:{port}");
    private readonly RawClient _raw = new();
    private readonly List<object> _open = [];

    private Echo.EchoClient Client => new(_channel);

    public Task ObeyAsync(string[] order) => order switch
    {
        ["open", var kind, var phase] => OpenAsync(Enum.Parse<CallKind>(kind), Enum.Parse<CallPhase>(phase)),
        ["flood"] => FloodAsync(),
        ["sink"] => SinkAsync(),
        ["call", var kind, var milliseconds] => CallAsync(Enum.Parse<CallKind>(kind), TimeSpan.FromMilliseconds(int.Parse(milliseconds))),
        _ => throw new InvalidOperationException("No such order."),
    };

    private async Task OpenAsync(CallKind kind, CallPhase phase)
    {
        if (phase is CallPhase.MidRequest or CallPhase.MidResponse)
            await OpenRawAsync(kind, phase);
        else
            await OpenStubAsync(kind, phase);
        Program.Say($"opened {kind}");
    }

    private async Task OpenStubAsync(CallKind kind, CallPhase phase)
    {
        var options = new CallOptions([new("phase", phase.ToString())]);
        var request = new EchoMessage { Number = 1 };
        switch (kind)
        {
            case CallKind.Unary:
                _open.Add(Client.UnaryAsync(request, options));
                break;
            case CallKind.Expand:
                var expand = Client.Expand(request, options);
                _open.Add(expand);
                if (phase == CallPhase.BetweenMessages)
                    await expand.ResponseStream.MoveNext();
                break;
            case CallKind.Collect:
                var collect = Client.Collect(options);
                _open.Add(collect);
                await collect.RequestStream.WriteAsync(request);
                break;
            default:
                var duplex = Client.Duplex(options);
                _open.Add(duplex);
                await duplex.RequestStream.WriteAsync(request);
                if (phase == CallPhase.BeforeStatus)
                    await duplex.RequestStream.CompleteAsync();
                if (phase is CallPhase.BetweenMessages or CallPhase.BeforeStatus)
                    await duplex.ResponseStream.MoveNext();
                break;
        }
    }

    // What the runtime's own client would not do: it sends a part of a message, or reads no response.
    private async Task OpenRawAsync(CallKind kind, CallPhase phase)
    {
        var body = phase == CallPhase.MidRequest
            ? new RawClient.Pieces([0, 0, 0, 4, 0, .. new byte[PartBytes]], 100, endless: true)
            : new RawClient.Pieces([0, 0, 0, 0, 0], 5, endless: kind is CallKind.Duplex);
        var answer = _raw.PostAsync($"http://127.0.0.1:{port}/honu.grpc.tests.Echo/{kind}", body, headers: ("phase", phase.ToString()));
        _open.Add(answer);
        if (phase == CallPhase.MidResponse)
            await answer;
        else
            await body.Sent;
    }

    private async Task FloodAsync()
    {
        var call = Client.Collect([new("flood", "1")]);
        await PeerServer.FloodAsync(call.RequestStream.WriteAsync, CancellationToken.None);
    }

    private async Task SinkAsync()
    {
        var call = Client.Expand(new EchoMessage(), [new("flood", "1")]);
        _open.Add(call);
        await call.ResponseHeadersAsync;
        Program.Say("sinking");
    }

    private async Task CallAsync(CallKind kind, TimeSpan time)
    {
        // The first call of a process costs memory of its own; the test makes two.
        var (allocated, clock) = (GC.GetTotalAllocatedBytes(precise: true), Stopwatch.StartNew());
        var options = new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime + time);
        StatusCode status;
        try
        {
            await (kind switch
            {
                CallKind.Unary => Client.UnaryAsync(new EchoMessage(), options).ResponseAsync,
                CallKind.Collect => Client.Collect(options).ResponseAsync,
                CallKind.Expand => Client.Expand(new EchoMessage(), options).ResponseStream.MoveNext(),
                _ => (Task)Client.Duplex(options).ResponseStream.MoveNext(),
            });
            status = StatusCode.OK;
        }
        catch (RpcException failure)
        {
            status = failure.StatusCode;
        }

        Program.Say($"ended {status} {GC.GetTotalAllocatedBytes(precise: true) - allocated} {clock.ElapsedMilliseconds}");
    }
}

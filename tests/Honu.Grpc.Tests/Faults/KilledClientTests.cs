using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Peers;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>
/// The process of the client is killed (SIGKILL) while a call of each kind is in a phase: the handlers are cancelled, nothing of the calls is left, and the
/// server goes on serving others without a word in its error log.
/// </summary>
public sealed class KilledClientTests
{
    private static readonly EchoMessage Large = new() { Body = ByteString.CopyFrom(new byte[3 * 1024 * 1024]) };

    private readonly Gauge _handlers = new();
    private readonly Gauge _cancelled = new();
    private readonly Gauge _reached = new();

    [Theory]
    [InlineData(CallPhase.BeforeHead, 4)]
    [InlineData(CallPhase.MidRequest, 2)] // without a request the other two have no handler yet
    [InlineData(CallPhase.AfterHeaders, 4)]
    [InlineData(CallPhase.MidResponse, 4)] // with one response the handlers have returned already, and see it all the same
    [InlineData(CallPhase.BetweenMessages, 3, CallKind.Unary)]
    [InlineData(CallPhase.BeforeStatus, 2, CallKind.Unary, CallKind.Collect)] // their one response and the status are sent together
    public async Task Client_KilledInThisPhase_HandlersAreCancelledAndNothingIsLeft(CallPhase phase, int cancelled, params CallKind[] without)
    {
        await using var host = await EchoHost.StartAsync(Service(), use: (context, next) =>
        {
            if (phase == CallPhase.MidRequest && context.Request.Headers.ContainsKey("phase"))
                _reached.Add(1);
            return next(context);
        });
        using var killed = await PeerProcess.CallAsync(host.Port);
        using var other = host.Client().Duplex();
        await EchoAsync(other);
        var kinds = Enum.GetValues<CallKind>().Except(without).ToList();

        kinds.ForEach(kind => killed.Order($"open {kind} {phase}"));
        foreach (var _ in kinds)
            await killed.HearAsync("opened");
        await _reached.WhenAsync(gauge => gauge.Ever == kinds.Count).Guarded();
        if (phase == CallPhase.MidRequest)
            await _handlers.WhenAsync(gauge => gauge.Now == cancelled).Guarded(); // a request is here before its handler is
        await host.Requests.WhenAsync(gauge => gauge.Now == kinds.Count + 1).Guarded();
        await killed.KillAsync();
        await _handlers.WhenAsync(gauge => gauge.Now == 0).Guarded();
        await host.Requests.WhenAsync(gauge => gauge.Now == 1).Guarded(); // the other client's stream
        await host.Connections.WhenAsync(gauge => gauge.Now == 1).Guarded();

        Assert.Equal(cancelled, _cancelled.Ever);
        await EchoAsync(other);
        Assert.Equal(1, (await host.Client().UnaryAsync(new EchoMessage { Number = 1 }).Guarded()).Number);
        Assert.Empty(host.Errors);
    }

    private static async Task EchoAsync(AsyncDuplexStreamingCall<EchoMessage, EchoMessage> call)
    {
        await call.RequestStream.WriteAsync(new EchoMessage()).Guarded();
        Assert.True(await call.ResponseStream.MoveNext().Guarded());
    }

    private EchoService Service()
    {
        var service = new EchoService();
        var (unary, duplex) = (service.OnUnary, service.OnDuplex);
        service.OnUnary = (request, context) => context.RequestHeaders.GetValue("phase") is null ? unary(request, context) : ServeOneAsync(null, context);
        service.OnCollect = ServeOneAsync;
        service.OnExpand = (_, responses, context) => ServeManyAsync(null, responses, context);
        service.OnDuplex = (requests, responses, context) =>
            context.RequestHeaders.GetValue("phase") is null ? duplex(requests, responses, context) : ServeManyAsync(requests, responses, context);
        return service;
    }

    private async Task<EchoMessage> ServeOneAsync(IAsyncStreamReader<EchoMessage>? requests, ServerCallContext context)
    {
        await HoldAsync(context, async phase =>
        {
            if (phase == CallPhase.AfterHeaders)
                await context.WriteResponseHeadersAsync([]);
            if (phase == CallPhase.BetweenMessages)
                await requests!.MoveNext();
            if (phase != CallPhase.MidRequest)
                _reached.Add(1);
            if (phase is CallPhase.MidRequest or CallPhase.BetweenMessages)
                await requests!.MoveNext();
            return phase == CallPhase.MidResponse;
        });
        return Large;
    }

    private Task ServeManyAsync(IAsyncStreamReader<EchoMessage>? requests, IServerStreamWriter<EchoMessage> responses, ServerCallContext context) =>
        HoldAsync(context, async phase =>
        {
            if (phase == CallPhase.AfterHeaders)
                await context.WriteResponseHeadersAsync([]);
            if (phase == CallPhase.BeforeStatus && requests is not null)
                await requests.ReadAllAsync().CountAsync();
            if (phase is CallPhase.BetweenMessages or CallPhase.BeforeStatus)
                await responses.WriteAsync(new EchoMessage { Number = 7 });
            if (phase != CallPhase.MidRequest)
                _reached.Add(1);
            if (phase == CallPhase.MidRequest)
                await requests!.MoveNext();
            if (phase == CallPhase.MidResponse)
                await responses.WriteAsync(Large);
            return false;
        });

    // Brings the call into its phase and waits there for the end of the client.
    private Task HoldAsync(ServerCallContext context, Func<CallPhase, Task<bool>> bring) => _handlers.DuringAsync(async () =>
    {
        context.CancellationToken.Register(() => _cancelled.Add(1));
        if (!await bring(Enum.Parse<CallPhase>(context.RequestHeaders.GetValue("phase")!)))
            await SyncPoint.WhenCancelled(context.CancellationToken).Task;
    });
}

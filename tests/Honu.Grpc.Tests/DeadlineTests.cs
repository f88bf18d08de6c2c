using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Deadlines at both sides. One side's clock is moved by hand while the other one's stands (almost) still, so that it is known who ended the call.</summary>
public sealed class DeadlineTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task Deadline_PassesAtTheClient_FailsTheCallAndCancelsTheHandler()
    {
        var (entered, cancelled) = (new SyncPoint(), new SyncPoint());
        await using var host = await EchoHost.StartAsync();
        host.Service.OnUnary = async (request, context) =>
        {
            context.CancellationToken.Register(cancelled.Reach);
            entered.Reach();
            await cancelled.Task;
            return request;
        };

        var call = host.Client(new RpcChannelOptions { TimeProvider = _clock }).UnaryAsync(new EchoMessage(), deadline: In(TimeSpan.FromHours(1)));
        await entered.Task.Guarded();
        _clock.Advance(TimeSpan.FromHours(1));
        var failure = await call.FailureAsync();

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        Assert.Equal(StatusCode.DeadlineExceeded, call.GetStatus().StatusCode);
        await cancelled.Task.Guarded();
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Deadline_HandlerIsStuck_ServerAnswersForIt()
    {
        var (entered, release) = (new SyncPoint(), new SyncPoint());
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { TimeProvider = _clock });
        host.Service.OnUnary = async (request, _) =>
        {
            entered.Reach();
            await release.Task;
            return request;
        };

        var call = host.Client().UnaryAsync(new EchoMessage(), deadline: DateTime.UtcNow.AddHours(1));
        await entered.Task.Guarded();
        _clock.Advance(TimeSpan.FromHours(1.1));
        var failure = await call.FailureAsync();
        release.Reach();

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Deadline_HandlerIsStuckInAStream_ClientGetsWhatWasSentAndTheStatus()
    {
        var release = new SyncPoint();
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { TimeProvider = _clock });
        host.Service.OnDuplex = async (_, responses, _) =>
        {
            await responses.WriteAsync(new EchoMessage { Number = 1 });
            await release.Task;
        };
        using var call = host.Client().Duplex(deadline: DateTime.UtcNow.AddHours(1));

        Assert.True(await call.ResponseStream.MoveNext().Guarded());
        _clock.Advance(TimeSpan.FromHours(1.1));
        var failure = await call.ResponseStream.MoveNext().FailureAsync();
        release.Reach();

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
    }

    [Fact]
    public async Task Deadline_WhileAWriteWaitsForASlowReader_EndsTheCallAndFreesTheHandler()
    {
        var (stalled, ended) = (new SyncPoint(), new SyncPoint());
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { TimeProvider = _clock });
        host.Service.OnExpand = async (request, responses, _) =>
        {
            try
            {
                while (true)
                {
                    var write = responses.WriteAsync(request);
                    if (!write.IsCompleted)
                        stalled.Reach();
                    await write;
                }
            }
            finally
            {
                ended.Reach();
            }
        };
        using var call = host.Client().Expand(new EchoMessage { Body = Google.Protobuf.ByteString.CopyFrom(new byte[200_000]) }, deadline: DateTime.UtcNow.AddHours(1));

        await stalled.Task.Guarded();
        _clock.Advance(TimeSpan.FromHours(1.1));
        await ended.Task.Guarded();
        var reading = Task.Run(async () =>
        {
            while (await call.ResponseStream.MoveNext())
            {
            }
        });
        var failure = await reading.FailureAsync();

        Assert.Equal((StatusCode.DeadlineExceeded, "The deadline has passed."), (failure.StatusCode, failure.Status.Detail));
    }

    [Fact]
    public async Task Deadline_HasPassedBeforeTheCall_NothingIsSent()
    {
        await using var host = await EchoHost.StartAsync();
        var served = false;
        host.Service.OnUnary = (request, _) =>
        {
            served = true;
            return Task.FromResult(request);
        };

        var failure = await host.Client().UnaryAsync(new EchoMessage(), deadline: DateTime.UtcNow.AddSeconds(-1)).FailureAsync();

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        Assert.False(served);
    }

    [Fact]
    public async Task Deadline_InTheHandler_IsTheOneOfTheClient()
    {
        await using var host = await EchoHost.StartAsync();
        var seen = new List<DateTime>();
        host.Service.OnUnary = (request, context) =>
        {
            seen.Add(context.Deadline);
            return Task.FromResult(request);
        };
        var deadline = DateTime.UtcNow.AddDays(100);

        await host.Client().UnaryAsync(new EchoMessage(), deadline: deadline).Guarded();
        await host.Client().UnaryAsync(new EchoMessage()).Guarded();

        Assert.Equal(DateTimeKind.Utc, seen[0].Kind);
        Assert.InRange(seen[0], deadline.AddMinutes(-1), deadline.AddMinutes(1));
        Assert.Equal(DateTime.MaxValue, seen[1]);
    }

    [Fact]
    public async Task Deadline_NotInUtc_IsAMistakeOfTheCaller()
    {
        await using var host = await EchoHost.StartAsync();
        var client = host.Client();

        Assert.Throws<InvalidOperationException>(() => client.UnaryAsync(new EchoMessage(), deadline: DateTime.UtcNow.AddHours(1).ToLocalTime()));
    }

    private DateTime In(TimeSpan time) => (_clock.GetUtcNow() + time).UtcDateTime;
}

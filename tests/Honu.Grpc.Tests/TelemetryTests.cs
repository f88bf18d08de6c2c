using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Activities of both sides, what they tell, and that the trace crosses the wire. Each test looks at its own trace only: listeners see all.</summary>
[CollectionDefinition(nameof(TelemetryTests), DisableParallelization = true)]
[Collection(nameof(TelemetryTests))]
public sealed class TelemetryTests : IDisposable
{
    private readonly Activity _own = new("test");

    public TelemetryTests() => _own.SetIdFormat(ActivityIdFormat.W3C).Start();

    public void Dispose() => _own.Dispose();

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Call_HasAnActivityPerSide_InOneTrace(bool logs, bool withHosting)
    {
        using var heard = new Listener(_own, withHosting ? ["Honu.Grpc", "Microsoft.AspNetCore"] : ["Honu.Grpc"]);
        await using var host = await EchoHost.StartAsync(logs: logs);
        Activity? inHandler = null;
        host.Service.OnUnary = (request, _) =>
        {
            inHandler = Activity.Current;
            return Task.FromResult(request);
        };

        await host.Client().UnaryAsync(new EchoMessage()).Guarded();

        var client = await heard.NextAsync("Honu.Grpc", ActivityKind.Client);
        var server = await heard.NextAsync("Honu.Grpc", ActivityKind.Server);
        Assert.Equal((_own.SpanId, "honu.grpc.tests.Echo/Unary"), (client.ParentSpanId, client.OperationName));
        Assert.Same(server, inHandler);
        Assert.Equal(_own.TraceId, server.TraceId);
        if (withHosting)
        {
            var received = await heard.NextAsync("Microsoft.AspNetCore", ActivityKind.Server);
            Assert.Equal([client.SpanId, received.SpanId], new[] { received.ParentSpanId, server.ParentSpanId });
        }
        else
        {
            // The web host makes no activity when it neither logs nor is watched, and one that nobody exports when it logs.
            Assert.True(server.HasRemoteParent);
            Assert.Equal(client.SpanId, server.ParentSpanId);
        }

        foreach (var activity in new[] { client, server })
        {
            Assert.Equal("grpc", activity.GetTagItem("rpc.system"));
            Assert.Equal("honu.grpc.tests.Echo", activity.GetTagItem("rpc.service"));
            Assert.Equal("Unary", activity.GetTagItem("rpc.method"));
            Assert.Equal(0, activity.GetTagItem("rpc.grpc.status_code"));
            Assert.Equal(ActivityStatusCode.Unset, activity.Status);
            Assert.Null(activity.GetTagItem("error.type"));
        }

        Assert.Equal(("127.0.0.1", host.Port), (client.GetTagItem("server.address"), client.GetTagItem("server.port")));
    }

    [Theory]
    [InlineData(StatusCode.NotFound, true, false)]
    [InlineData(StatusCode.InvalidArgument, true, false)]
    [InlineData(StatusCode.Internal, true, true)]
    [InlineData(StatusCode.Unknown, true, true)]
    [InlineData(StatusCode.Unavailable, true, true)]
    public async Task Status_IsTold_AndIsAnErrorOfTheServerOnlyWhenItIsItsFault(StatusCode code, bool clientError, bool serverError)
    {
        using var heard = new Listener(_own, "Honu.Grpc");
        await using var host = await EchoHost.StartAsync();
        host.Service.OnUnary = (_, _) => throw new RpcException(new Status(code, "no"));

        await host.Client().UnaryAsync(new EchoMessage()).FailureAsync();

        foreach (var (kind, isError) in new[] { (ActivityKind.Client, clientError), (ActivityKind.Server, serverError) })
        {
            var activity = await heard.NextAsync("Honu.Grpc", kind);
            Assert.Equal((int)code, activity.GetTagItem("rpc.grpc.status_code"));
            Assert.Equal(isError ? ActivityStatusCode.Error : ActivityStatusCode.Unset, activity.Status);
            Assert.Equal(isError ? ((int)code).ToString() : null, activity.GetTagItem("error.type"));
        }
    }

    [Fact]
    public async Task Call_ThatIsCancelled_EndsTheActivitiesOfBothSides()
    {
        using var heard = new Listener(_own, "Honu.Grpc");
        await using var host = await EchoHost.StartAsync();
        var reached = new SyncPoint();
        host.Service.OnDuplex = async (_, _, context) =>
        {
            reached.Reach();
            await new TaskCompletionSource().Task.WaitAsync(context.CancellationToken);
        };

        var call = host.Client().Duplex();
        await reached.Task.Guarded();
        call.Dispose();

        Assert.Equal(1, (await heard.NextAsync("Honu.Grpc", ActivityKind.Client)).GetTagItem("rpc.grpc.status_code"));
        Assert.Equal(1, (await heard.NextAsync("Honu.Grpc", ActivityKind.Server)).GetTagItem("rpc.grpc.status_code"));
    }

    [Fact]
    public async Task Call_WhoseDeadlineHadPassed_HasAnActivityThatSaysSo()
    {
        using var heard = new Listener(_own, "Honu.Grpc");
        await using var host = await EchoHost.StartAsync();

        await host.Client().UnaryAsync(new EchoMessage(), deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-1)).FailureAsync();

        Assert.Equal(4, (await heard.NextAsync("Honu.Grpc", ActivityKind.Client)).GetTagItem("rpc.grpc.status_code"));
        Assert.Same(_own, Activity.Current);
    }

    [Fact]
    public async Task Current_OfTheCaller_StaysAsItIs()
    {
        using var heard = new Listener(_own, "Honu.Grpc");
        await using var host = await EchoHost.StartAsync();
        var client = host.Client();

        var unary = client.UnaryAsync(new EchoMessage());
        Assert.Same(_own, Activity.Current);
        await unary.Guarded();
        Assert.Same(_own, Activity.Current);

        // A call that outlives an activity which its caller has started since, and is disposed below it.
        var duplex = client.Duplex();
        Assert.Same(_own, Activity.Current);
        using (var below = new Activity("below").Start())
        {
            await duplex.RequestStream.WriteAsync(new EchoMessage()).Guarded();
            Assert.True(await duplex.ResponseStream.MoveNext().Guarded());
            duplex.Dispose();
            Assert.Same(below, Activity.Current);
        }

        Assert.Same(_own, Activity.Current);
        using var cancelled = new CancellationTokenSource();
        var collect = client.Collect(cancellationToken: cancelled.Token);
        cancelled.Cancel();
        Assert.Same(_own, Activity.Current);
        await collect.ResponseAsync.FailureAsync();
        Assert.Same(_own, Activity.Current);

        Activity.Current = null;
        await client.UnaryAsync(new EchoMessage()).Guarded();
        Assert.Null(Activity.Current);
        Activity.Current = _own;
    }

    [Fact]
    public async Task WithoutListeners_NothingIsCreatedAndTheCallersTraceCrossesTheWire()
    {
        _own.TraceStateString = "vendor=1";
        await using var server = await RawServer.StartAsync(Frames.Of([]));
        await using var host = await EchoHost.StartAsync();
        Activity? inHandler = null;
        host.Service.OnUnary = (request, _) =>
        {
            inHandler = Activity.Current;
            return Task.FromResult(request);
        };

        await server.Client.UnaryAsync(new EchoMessage()).Guarded();
        await host.Client().UnaryAsync(new EchoMessage()).Guarded();

        Assert.True(ActivityContext.TryParse(server.Headers["traceparent"], server.Headers.GetValueOrDefault("tracestate"), out var sent));
        Assert.Equal((_own.TraceId, "vendor=1"), (sent.TraceId, sent.TraceState));
        Assert.NotEqual("Honu.Grpc", inHandler?.Source.Name);
    }

    [Fact]
    public async Task WithoutAnyTrace_NoTraceIsSent()
    {
        Activity.Current = null;
        await using var server = await RawServer.StartAsync(Frames.Of([]));

        await server.Client.UnaryAsync(new EchoMessage()).Guarded();

        Assert.DoesNotContain("traceparent", server.Headers.Keys);
        Activity.Current = _own;
    }

    [Fact]
    public async Task Server_WithATraceparentThatMakesNoSense_BeginsATraceOfItsOwn()
    {
        Activity.Current = null;
        var ended = new TaskCompletionSource<Activity>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await EchoHost.StartAsync(logs: false);
        host.Service.OnUnary = (request, _) =>
        {
            ended.TrySetResult(Activity.Current!);
            return Task.FromResult(request);
        };
        using var heard = new Listener(null, "Honu.Grpc");
        using var raw = new RawClient();

        using var response = await raw.PostAsync(
            $"http://127.0.0.1:{host.Port}/honu.grpc.tests.Echo/Unary", new RawClient.Pieces(Frames.Of([]), 5), headers: ("traceparent", "00-nonsense"));

        Assert.Equal("0", await RawClient.StatusAsync(response));
        Assert.Equal(default, (await ended.Task.Guarded()).ParentSpanId);
        Activity.Current = _own;
    }

    /// <summary>Hears the ended activities of some sources that belong to the trace of a test.</summary>
    private sealed class Listener : IDisposable
    {
        private readonly ActivityListener _listener;
        private readonly ConcurrentDictionary<(string, ActivityKind), TaskCompletionSource<Activity>> _ended = [];

        public Listener(Activity? trace, params string[] sources)
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => sources.Contains(source.Name),
                Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = activity =>
                {
                    if (activity.TraceId == trace?.TraceId)
                        Ended(activity.Source.Name, activity.Kind).TrySetResult(activity);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public Task<Activity> NextAsync(string source, ActivityKind kind) => Ended(source, kind).Task.Guarded();

        public void Dispose() => _listener.Dispose();

        private TaskCompletionSource<Activity> Ended(string source, ActivityKind kind) =>
            _ended.GetOrAdd((source, kind), static _ => new TaskCompletionSource<Activity>(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}

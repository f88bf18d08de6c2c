using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Interceptors of clients and servers, used for what they are for: authentication, metrics, and changing calls.</summary>
public sealed class InterceptorTests
{
    public static TheoryData<MethodType> Kinds => new(Enum.GetValues<MethodType>());

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Authentication_WithoutTheHeader_IsRefusedBeforeTheHandlerRuns(MethodType kind)
    {
        var handled = 0;
        await using var host = await EchoHost.StartAsync(CountingService(() => handled++), interceptors: new TokenCheck("secret"));

        var failure = await CallAsync(host.Client(), kind).FailureAsync();

        Assert.Equal(StatusCode.Unauthenticated, failure.StatusCode);
        Assert.Equal("Who are you?", failure.Status.Detail);
        Assert.Equal(0, handled);
        Assert.Empty(host.Errors);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Authentication_ClientAddsTheHeader_IsServed(MethodType kind)
    {
        var handled = 0;
        await using var host = await EchoHost.StartAsync(CountingService(() => handled++), interceptors: new TokenCheck("secret"));
        var client = new Echo.EchoClient(host.Channel().Intercept(new TokenSender("secret")));

        await CallAsync(client, kind).Guarded();

        Assert.Equal(1, handled);
    }

    [Fact]
    public async Task Authentication_BlockingCall_PassesTheInterceptorToo()
    {
        await using var host = await EchoHost.StartAsync(interceptors: new TokenCheck("secret"));
        var client = new Echo.EchoClient(host.Channel().Intercept(new TokenSender("secret")));

        var response = await Task.Run(() => client.Unary(new EchoMessage { Number = 3 })).Guarded();

        Assert.Equal(3, response.Number);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Metrics_OnBothSides_CountCallsAndCodes(MethodType kind)
    {
        var (atServer, atClient) = (new Metrics(), new Metrics());
        await using var host = await EchoHost.StartAsync(interceptors: atServer);
        var client = new Echo.EchoClient(host.Channel().Intercept(atClient));

        await CallAsync(client, kind).Guarded();
        FailWith(host.Service, StatusCode.NotFound);
        await CallAsync(client, kind).FailureAsync();
        await CallAsync(client, kind).FailureAsync();

        var name = Name(kind);
        Assert.Equal([(name, StatusCode.OK, 1), (name, StatusCode.NotFound, 2)], await atClient.ReadAsync(3));
        Assert.Equal([(name, StatusCode.OK, 1), (name, StatusCode.NotFound, 2)], await atServer.ReadAsync(3));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task ServerStreams_CanBeWrapped(MethodType kind)
    {
        await using var host = await EchoHost.StartAsync(interceptors: new Doubling());

        var sum = await CallAsync(host.Client(), kind).Guarded();

        // One request of 2, of which Expand makes responses: 2 -> 4 on the way in where requests are a stream, doubled on the way out where responses are.
        Assert.Equal(kind switch { MethodType.Unary => 2, MethodType.ClientStreaming => 4, MethodType.ServerStreaming => 2 * (0 + 1), _ => 8 }, sum);
    }

    [Fact]
    public async Task Chains_OfOneCall_RunFromTheFirstToTheLast()
    {
        var log = new ConcurrentQueue<string>();
        await using var host = await EchoHost.StartAsync(interceptors: [new Tracer("s1", log), new Tracer("s2", log)]);
        var client = new Echo.EchoClient(host.Channel().Intercept(new Tracer("c1", log), new Tracer("c2", log)));

        await client.UnaryAsync(new EchoMessage()).Guarded();

        Assert.Equal(["c1", "c2", "s1", "s2"], log);
    }

    [Fact]
    public async Task Chains_AddedOneByOne_RunTheLastAddedFirst()
    {
        var log = new ConcurrentQueue<string>();
        var seen = new ConcurrentQueue<string>();
        var definition = Echo.BindService(new EchoService()).Intercept(new Tracer("s1", log)).Intercept(new Tracer("s2", log));
        var unary = new UnaryOf();
        definition.BindService(unary);
        await using var host = await EchoHost.StartAsync(new EchoService { OnUnary = (request, _) => Task.FromResult(request) });
        var invoker = host.Channel().CreateCallInvoker().Intercept(new Tracer("c1", log)).Intercept(new Tracer("c2", log)).Intercept(headers =>
        {
            seen.Enqueue($"headers before {log.Count} others");
            return headers;
        });

        await new Echo.EchoClient(invoker).UnaryAsync(new EchoMessage()).Guarded();
        await unary.Handler!(new EchoMessage(), null!).Guarded();

        Assert.Equal(["c2", "c1", "s2", "s1"], log);
        Assert.Equal(["headers before 0 others"], seen);
    }

    [Fact]
    public async Task Chain_OfNone_IsTheInvokerItself()
    {
        await using var host = await EchoHost.StartAsync();
        var invoker = host.Channel().CreateCallInvoker();

        Assert.Same(invoker, invoker.Intercept());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task ServerInterceptor_Throws_ClientSeesUnknownAndItIsLogged(MethodType kind)
    {
        await using var host = await EchoHost.StartAsync(interceptors: new Throwing());

        var failure = await CallAsync(host.Client(), kind).FailureAsync();

        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
        Assert.DoesNotContain("broken interceptor", failure.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("broken interceptor", Assert.Single(host.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task ClientInterceptor_Throws_CallerSeesItAndNothingIsSent(MethodType kind)
    {
        var handled = 0;
        await using var host = await EchoHost.StartAsync(CountingService(() => handled++));
        var client = new Echo.EchoClient(host.Channel().Intercept(new Throwing()));

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => CallAsync(client, kind).Guarded());

        Assert.Equal("broken interceptor", failure.Message);
        Assert.Equal(0, handled);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Metadata_Rewritten_ReachesTheServerAndLeavesTheCallersHeadersAlone(MethodType kind)
    {
        var received = new Recorder();
        await using var host = await EchoHost.StartAsync(interceptors: received);
        var client = new Echo.EchoClient(host.Channel().Intercept(headers =>
        {
            headers.Add("added", "late");
            return headers;
        }));
        var headers = new Metadata { { "own", "early" } };

        await CallAsync(client, kind, headers).Guarded();

        Assert.Equal("early", received.Headers!.GetValue("own"));
        Assert.Equal("late", received.Headers.GetValue("added"));
        Assert.Equal(["own"], headers.Select(entry => entry.Key));
    }

    [Fact]
    public async Task Metadata_OfACallWithoutHeaders_CanBeReplaced()
    {
        var received = new Recorder();
        await using var host = await EchoHost.StartAsync(interceptors: received);
        var client = new Echo.EchoClient(host.Channel().CreateCallInvoker().Intercept(_ => new Metadata { { "replaced", "yes" } }));

        await client.UnaryAsync(new EchoMessage()).Guarded();

        Assert.Equal("yes", received.Headers!.GetValue("replaced"));
    }

    [Fact]
    public async Task WithHost_OnAnInterceptedInvoker_InterceptorSeesTheHost()
    {
        var sender = new TokenSender("x");
        await using var host = await EchoHost.StartAsync();

        await new Echo.EchoClient(host.Channel().Intercept(sender)).WithHost("other.example").UnaryAsync(new EchoMessage()).Guarded();

        Assert.Equal(("other.example", "/honu.grpc.tests.Echo/Unary"), sender.Seen);
    }

    [Fact]
    public void Stub_WithoutChannel_ThrowsWhenCalled()
    {
        Assert.Throws<InvalidOperationException>(() => new BareClient().UnaryAsync(new EchoMessage()));
        Assert.Throws<InvalidOperationException>(() => new BareClient().Unary(new EchoMessage()));
        Assert.Throws<InvalidOperationException>(() => new BareClient().Duplex());
    }

    [Fact]
    public void Intercept_WithNothing_IsRefused()
    {
        var definition = Echo.BindService(new EchoService());

        Assert.Throws<ArgumentNullException>(() => definition.Intercept((Interceptor)null!));
        Assert.Throws<ArgumentNullException>(() => ((ServerServiceDefinition)null!).Intercept(new Throwing()));
        Assert.Throws<ArgumentNullException>(() => ((ChannelBase)null!).Intercept(new Throwing()));
        Assert.Throws<ArgumentNullException>(() => ((CallInvoker)null!).Intercept(new Throwing()));
        Assert.Throws<ArgumentNullException>(() => ((CallInvoker)null!).Intercept(headers => headers));
    }

    // One request with the number 2; the sum of the numbers in the responses.
    private static async Task<int> CallAsync(Echo.EchoClient client, MethodType kind, Metadata? headers = null)
    {
        var request = new EchoMessage { Number = 2 };
        switch (kind)
        {
            case MethodType.Unary:
                return (await client.UnaryAsync(request, headers)).Number;
            case MethodType.ClientStreaming:
                using (var call = client.Collect(headers))
                {
                    await SendAsync(call.RequestStream, request);
                    return (await call).Number;
                }

            case MethodType.ServerStreaming:
                using (var call = client.Expand(request, headers))
                    return await SumAsync(call.ResponseStream);
            default:
                using (var call = client.Duplex(headers))
                {
                    await SendAsync(call.RequestStream, request);
                    return await SumAsync(call.ResponseStream);
                }
        }
    }

    private static async Task SendAsync(IClientStreamWriter<EchoMessage> requests, EchoMessage request)
    {
        try
        {
            await requests.WriteAsync(request);
            await requests.CompleteAsync();
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            // The call is over already; what the test looks for comes with the response.
        }
    }

    private static async Task<int> SumAsync(IAsyncStreamReader<EchoMessage> responses)
    {
        var sum = 0;
        await foreach (var response in responses.ReadAllAsync())
            sum += response.Number;
        return sum;
    }

    private static EchoService CountingService(Action count)
    {
        var service = new EchoService();
        var (unary, collect, expand, duplex) = (service.OnUnary, service.OnCollect, service.OnExpand, service.OnDuplex);
        service.OnUnary = (request, context) => Counted(unary(request, context));
        service.OnCollect = (requests, context) => Counted(collect(requests, context));
        service.OnExpand = (request, responses, context) => Counted(expand(request, responses, context));
        service.OnDuplex = (requests, responses, context) => Counted(duplex(requests, responses, context));
        return service;

        T Counted<T>(T task)
        {
            count();
            return task;
        }
    }

    private static void FailWith(EchoService service, StatusCode code)
    {
        service.OnUnary = (_, _) => throw new RpcException(new Status(code, ""));
        service.OnCollect = (_, _) => throw new RpcException(new Status(code, ""));
        service.OnExpand = (_, _, _) => throw new RpcException(new Status(code, ""));
        service.OnDuplex = (_, _, _) => throw new RpcException(new Status(code, ""));
    }

    private static string Name(MethodType kind) => kind switch
    {
        MethodType.Unary => "Unary",
        MethodType.ClientStreaming => "Collect",
        MethodType.ServerStreaming => "Expand",
        _ => "Duplex",
    };

    private sealed class BareClient : Echo.EchoClient;

    /// <summary>Takes the unary handler out of a definition.</summary>
    private sealed class UnaryOf : ServiceBinderBase
    {
        public Func<EchoMessage, ServerCallContext, Task>? Handler { get; private set; }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
            Handler = (request, context) => handler!((TRequest)(object)request, context);

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
        {
        }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
        {
        }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
        {
        }
    }

    /// <summary>Runs something before each server call.</summary>
    private abstract class BeforeServer : Interceptor
    {
        public sealed override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            Before(context);
            return await continuation(request, context);
        }

        public sealed override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Before(context);
            return await continuation(requestStream, context);
        }

        public sealed override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Before(context);
            return continuation(request, responseStream, context);
        }

        public sealed override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Before(context);
            return continuation(requestStream, responseStream, context);
        }

        protected virtual void Before(ServerCallContext context)
        {
        }
    }

    /// <summary>Runs something before each client call and may change it.</summary>
    private abstract class BeforeBoth : BeforeServer
    {
        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, BlockingUnaryCallContinuation<TRequest, TResponse> continuation) =>
            continuation(request, Changed(context));

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
            continuation(request, Changed(context));

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
            continuation(request, Changed(context));

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation) =>
            continuation(Changed(context));

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
            continuation(Changed(context));

        protected abstract CallOptions Change(IMethod method, string? host, CallOptions options);

        private ClientInterceptorContext<TRequest, TResponse> Changed<TRequest, TResponse>(ClientInterceptorContext<TRequest, TResponse> context)
            where TRequest : class
            where TResponse : class => new(context.Method, context.Host, Change(context.Method, context.Host, context.Options));
    }

    private sealed class TokenCheck(string token) : BeforeServer
    {
        protected override void Before(ServerCallContext context)
        {
            if (context.RequestHeaders.GetValue("authorization") != token)
                throw new RpcException(new Status(StatusCode.Unauthenticated, "Who are you?"));
        }
    }

    private sealed class TokenSender(string token) : BeforeBoth
    {
        public (string? Host, string Method) Seen { get; private set; }

        protected override CallOptions Change(IMethod method, string? host, CallOptions options)
        {
            Seen = (host, method.FullName);
            return options.WithHeaders([.. options.Headers ?? [], new Metadata.Entry("authorization", token)]);
        }
    }

    private sealed class Tracer(string name, ConcurrentQueue<string> log) : BeforeBoth
    {
        protected override void Before(ServerCallContext context) => log.Enqueue(name);

        protected override CallOptions Change(IMethod method, string? host, CallOptions options)
        {
            log.Enqueue(name);
            return options;
        }
    }

    private sealed class Throwing : BeforeBoth
    {
        protected override void Before(ServerCallContext context) => throw new InvalidOperationException("broken interceptor");

        protected override CallOptions Change(IMethod method, string? host, CallOptions options) => throw new InvalidOperationException("broken interceptor");
    }

    private sealed class Recorder : BeforeServer
    {
        public Metadata? Headers { get; private set; }

        protected override void Before(ServerCallContext context) => Headers = context.RequestHeaders;
    }

    /// <summary>Doubles the numbers that streams carry to and from a handler.</summary>
    private sealed class Doubling : Interceptor
    {
        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
            continuation(new Reader<TRequest>(requestStream), context);

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
            continuation(request, new Writer<TResponse>(responseStream), context);

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
            continuation(new Reader<TRequest>(requestStream), new Writer<TResponse>(responseStream), context);

        private static T Double<T>(T message) => (T)(object)new EchoMessage { Number = 2 * ((EchoMessage)(object)message!).Number };

        private sealed class Reader<T>(IAsyncStreamReader<T> inner) : IAsyncStreamReader<T>
        {
            public T Current => Double(inner.Current);

            public Task<bool> MoveNext(CancellationToken cancellationToken) => inner.MoveNext(cancellationToken);
        }

        private sealed class Writer<T>(IServerStreamWriter<T> inner) : IServerStreamWriter<T>
        {
            public WriteOptions? WriteOptions { get => inner.WriteOptions; set => inner.WriteOptions = value; }

            public Task WriteAsync(T message) => inner.WriteAsync(Double(message));
        }
    }

    /// <summary>Counts how calls end, on the side where it is added. Also the sample of how each kind of client call is observed.</summary>
    private sealed class Metrics : Interceptor
    {
        private readonly Channel<(string Method, StatusCode Code)> _ended = Channel.CreateUnbounded<(string, StatusCode)>();

        public async Task<IEnumerable<(string Method, StatusCode Code, int Count)>> ReadAsync(int calls)
        {
            var ended = new List<(string Method, StatusCode Code)>();
            for (var i = 0; i < calls; i++)
                ended.Add(await _ended.Reader.ReadAsync().AsTask().Guarded());
            return ended.GroupBy(call => call).Select(group => (group.Key.Method, group.Key.Code, group.Count())).OrderBy(row => row.Code);
        }

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            var call = continuation(request, context);
            return new(CountAsync(context.Method.Name, call.ResponseAsync), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
        }

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            var call = continuation(request, context);
            var responses = new Reader<TResponse>(this, context.Method.Name, call.ResponseStream);
            return new(responses, call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
        }

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            var call = continuation(context);
            var response = CountAsync(context.Method.Name, call.ResponseAsync);
            return new(call.RequestStream, response, call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
        }

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            var call = continuation(context);
            var responses = new Reader<TResponse>(this, context.Method.Name, call.ResponseStream);
            return new(call.RequestStream, responses, call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
        }

        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            CountAsync(NameOf(context), () => continuation(request, context));

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
            CountAsync(NameOf(context), () => continuation(requestStream, context));

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
            CountAsync(NameOf(context), () => AsResultAsync(continuation(request, responseStream, context)));

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
            CountAsync(NameOf(context), () => AsResultAsync(continuation(requestStream, responseStream, context)));

        private static string NameOf(ServerCallContext context) => context.Method[(context.Method.LastIndexOf('/') + 1)..];

        private static async Task<bool> AsResultAsync(Task task)
        {
            await task;
            return true;
        }

        private Task<T> CountAsync<T>(string method, Task<T> response) => CountAsync(method, () => response);

        private async Task<T> CountAsync<T>(string method, Func<Task<T>> call)
        {
            try
            {
                var response = await call();
                End(method, StatusCode.OK);
                return response;
            }
            catch (RpcException exception)
            {
                End(method, exception.StatusCode);
                throw;
            }
        }

        private void End(string method, StatusCode code) => _ended.Writer.TryWrite((method, code));

        private sealed class Reader<T>(Metrics metrics, string method, IAsyncStreamReader<T> inner) : IAsyncStreamReader<T>
        {
            public T Current => inner.Current;

            public async Task<bool> MoveNext(CancellationToken cancellationToken)
            {
                try
                {
                    var more = await inner.MoveNext(cancellationToken);
                    if (!more)
                        metrics.End(method, StatusCode.OK);
                    return more;
                }
                catch (RpcException exception)
                {
                    metrics.End(method, exception.StatusCode);
                    throw;
                }
            }
        }
    }
}

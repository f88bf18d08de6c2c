using System.Buffers;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;
using Microsoft.AspNetCore.Builder;

namespace Honu.Grpc.Tests;

/// <summary>Handlers, serializers and middleware that misbehave: each call ends with a typed status and no message is made of the pieces of others.</summary>
public sealed class BrokenCallTests
{
    private const string Broken = "broken";

    // Announces 8 bytes for the text "broken" and fails after 4 of them.
    private static readonly Marshaller<string> Texts = Marshallers.Create<string>(
        (text, context) =>
        {
            context.SetPayloadLength(8);
            var buffer = context.GetBufferWriter();
            if (text == Broken)
            {
                buffer.Write("brok"u8);
                throw new InvalidOperationException("Broken on purpose.");
            }

            buffer.Write(System.Text.Encoding.ASCII.GetBytes(text.PadRight(8)));
            context.Complete();
        },
        context => System.Text.Encoding.ASCII.GetString(context.PayloadAsNewBuffer()));

    private static readonly Method<string, string> Stream = new(MethodType.ServerStreaming, "honu.grpc.tests.Broken", "Stream", Texts, Texts);

    [Fact]
    public async Task Write_AfterASerializerFailedInMidMessage_NeverReachesTheClientAsPartOfThatMessage()
    {
        var read = new SyncPoint();
        var definition = ServerServiceDefinition.CreateBuilder().AddMethod(Stream, async (string _, IServerStreamWriter<string> responses, ServerCallContext _) =>
        {
            await responses.WriteAsync("first");
            await Record.ExceptionAsync(() => responses.WriteAsync(Broken));
            var refused = await Record.ExceptionAsync(async () =>
            {
                for (var i = 0; i < 10; i++)
                    await responses.WriteAsync("later");
            });
            if (refused is null)
                await read.Task.Guarded(); // the reset at the end must not hide what was sent
        }).Build();
        await using var host = await EchoHost.StartAsync(map: app => app.MapRpcService(definition));
        using var call = host.Channel().CreateCallInvoker().AsyncServerStreamingCall(Stream, null, default, "request");

        var received = new List<string>();
        var failure = await Record.ExceptionAsync(async () =>
        {
            while (await call.ResponseStream.MoveNext().Guarded())
            {
                received.Add(call.ResponseStream.Current.Trim());
                if (received.Count == 2)
                    read.Reach();
            }
        });

        Assert.IsType<RpcException>(failure);
        Assert.All(received, text => Assert.Contains(text, new[] { "first", "later" }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CompleteAsync_CallEndedBeforeItBegan_DoesNotHideItsStatus(bool late)
    {
        await using var host = await EchoHost.StartAsync();
        var options = late ? new CallOptions(deadline: DateTime.UtcNow.AddSeconds(-1)) : new CallOptions(cancellationToken: new CancellationToken(true));
        using var call = host.Client().Collect(options);

        await call.RequestStream.CompleteAsync();

        Assert.Equal(late ? StatusCode.DeadlineExceeded : StatusCode.Cancelled, (await call.ResponseAsync.FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task Trailers_ThatHttpRefuses_DoNotCostTheStatus()
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnUnary = (_, context) =>
        {
            // As a proxy would: what the caller sent goes back.
            context.ResponseTrailers.Add(context.RequestHeaders.Get("odd")!);
            throw new RpcException(new Status(StatusCode.NotFound, "gone"));
        };
        using var raw = await RawHttp2.ConnectAsync(host.Port);
        await raw.RequestAsync(1, "Unary", ("odd", "a\u0001b"));
        await raw.DataAsync(1, RawHttp2.Message([]), endStream: true);

        var head = await raw.ReadAsync(RawHttp2.Headers);
        Assert.Equal("5", RawHttp2.StatusIn(head.Text.Contains("grpc-status", StringComparison.Ordinal) || head.IsLast ? head : await raw.ReadAsync(RawHttp2.Headers)));
    }

    [Fact]
    public async Task Stream_HandlerHasBegunTheResponseItself_EndsInsteadOfHanging()
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { Compression = RpcCompression.Gzip });
        host.Service.OnExpand = async (_, responses, context) =>
        {
            await context.GetHttpContext().Response.StartAsync();
            await responses.WriteAsync(new EchoMessage());
        };
        using var call = host.Client().Expand(new EchoMessage());

        await Record.ExceptionAsync(() => call.ResponseStream.MoveNext().WaitAsync(TimeSpan.FromSeconds(3)));
        call.Dispose();

        await host.Requests.WhenAsync(gauge => gauge.Now == 0).WaitAsync(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Stream_MiddlewareFailsAtTheHeaders_LeavesNoCallBehind()
    {
        var served = new TaskCompletionSource<Exception?>();
        await using var host = await EchoHost.StartAsync(use: async (http, next) =>
        {
            http.Response.OnStarting(() => throw new NotSupportedException("on purpose"));
            served.TrySetResult(await Record.ExceptionAsync(() => next(http)));
        });
        host.Service.OnExpand = async (_, responses, _) =>
        {
            for (var i = 0; i < 3; i++)
                await responses.WriteAsync(new EchoMessage());
        };
        using var call = host.Client().Expand(new EchoMessage());
        await Record.ExceptionAsync(() => call.ResponseStream.MoveNext().Guarded());

        Assert.Null(await served.Task.Guarded());
    }

    [Fact]
    public async Task Handler_ThrowsWithTheTrailersOfItsContext_HasItsStatusAndTheseTrailers()
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnUnary = (_, context) =>
        {
            context.ResponseTrailers.Add("why", "because");
            throw new RpcException(new Status(StatusCode.NotFound, "gone"), context.ResponseTrailers);
        };

        var failure = await host.Client().UnaryAsync(new EchoMessage()).FailureAsync();

        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
        Assert.Equal("because", failure.Trailers.GetValue("why"));
    }

    // Whatever goes wrong while a failure is turned into a status, the call lets go of its timer: it would end the next call of the stream.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Handler_ThrowsWhatCannotBeRead_ItsDeadlineDoesNotEndAnotherCall(bool mute)
    {
        var clock = new ManualClock();
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { IncludeExceptionDetail = true, TimeProvider = clock }, logs: false);
        var (begun, go) = (new SyncPoint(), new SyncPoint());
        host.Service.OnUnary = async (request, context) =>
        {
            if (request.Number == 1)
            {
                context.ResponseTrailers.Add("why", "because");
                throw mute ? new MuteException() : new RpcException(new Status(StatusCode.NotFound, "gone"), context.ResponseTrailers);
            }

            begun.Reach();
            await go.Task;
            return request;
        };
        var client = host.Client();
        await client.UnaryAsync(new EchoMessage { Number = 1 }, deadline: DateTime.UtcNow.AddSeconds(20)).FailureAsync();
        await host.Requests.WhenAsync(gauge => gauge.Now == 0).Guarded();
        using var second = client.UnaryAsync(new EchoMessage { Number = 2 });
        await begun.Task.Guarded();

        clock.Advance(TimeSpan.FromSeconds(30));
        go.Reach();

        Assert.Equal(2, (await second.Guarded()).Number);
    }

    // A second reason for the same loss: nobody may see a status while the handler is stuck.
    [Fact]
    public async Task Trailers_ThatHttpRefuses_DoNotCostTheStatusOfADeadline()
    {
        var stuck = new SyncPoint();
        await using var host = await EchoHost.StartAsync();
        host.Service.OnUnary = async (request, context) =>
        {
            context.ResponseTrailers.Add(context.RequestHeaders.Get("odd")!);
            await stuck.Task;
            return request;
        };
        using var raw = await RawHttp2.ConnectAsync(host.Port);
        await raw.RequestAsync(1, "Unary", ("odd", "a\u0001b"), ("grpc-timeout", "50m"));
        await raw.DataAsync(1, RawHttp2.Message([]), endStream: true);

        var status = raw.ReadAsync(RawHttp2.Headers);
        var early = await Record.ExceptionAsync(() => status.WaitAsync(TimeSpan.FromSeconds(3))) is null;
        stuck.Reach();

        Assert.True(early, "No status before the handler ended.");
        Assert.Equal("4", RawHttp2.StatusIn(await status));
    }

    private sealed class MuteException : Exception
    {
        public override string Message => throw new InvalidOperationException("no message");
    }
}

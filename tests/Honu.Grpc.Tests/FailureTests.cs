using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>What a handler throws, and calls of methods that nobody serves.</summary>
public sealed class FailureTests
{
    private const string Unicode = "ütf-8 “☂” 100% \t\n𝄞";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RpcException_WithUnicodeAndBinaryTrailers_ArrivesWhole(bool afterAMessage)
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnDuplex = async (_, responses, context) =>
        {
            context.ResponseTrailers.Add("own", "kept");
            if (afterAMessage)
                await responses.WriteAsync(new EchoMessage());
            throw new RpcException(new Status(StatusCode.FailedPrecondition, Unicode), new Metadata { { "detail-bin", [0, 255, 44, 1] } });
        };
        using var call = host.Client().Duplex();

        if (afterAMessage)
            Assert.True(await call.ResponseStream.MoveNext().Guarded());
        var failure = await call.ResponseStream.MoveNext().FailureAsync();

        Assert.Equal(new Status(StatusCode.FailedPrecondition, Unicode), failure.Status);
        Assert.Equal([0, 255, 44, 1], failure.Trailers.GetValueBytes("detail-bin")!);
        Assert.Equal("kept", call.GetTrailers().GetValue("own"));
        Assert.Empty(host.Errors);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Exception_OfAnotherType_IsUnknownAndLogged(bool includeDetail)
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { IncludeExceptionDetail = includeDetail });
        host.Service.OnUnary = (_, _) => throw new InvalidDataException("secret");

        var failure = await host.Client().UnaryAsync(new EchoMessage()).FailureAsync();

        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
        Assert.Equal(includeDetail, failure.Status.Detail.Contains("secret", StringComparison.Ordinal));
        Assert.Contains("secret", Assert.Single(host.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_SetByTheHandler_FailsTheCall()
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnUnary = (request, context) =>
        {
            context.Status = new Status(StatusCode.NotFound, "no such key");
            return Task.FromResult(request);
        };

        var failure = await host.Client().UnaryAsync(new EchoMessage()).FailureAsync();

        Assert.Equal(new Status(StatusCode.NotFound, "no such key"), failure.Status);
    }

    [Fact]
    public async Task Null_ReturnedByTheHandler_IsInternal()
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnUnary = (_, _) => Task.FromResult<EchoMessage>(null!);

        var failure = await host.Client().UnaryAsync(new EchoMessage()).FailureAsync();

        Assert.Equal(StatusCode.Internal, failure.StatusCode);
    }

    [Fact]
    public async Task Call_OfAnUnknownService_IsUnimplemented()
    {
        await using var host = await EchoHost.StartAsync();

        var failure = await new Absent.AbsentClient(host.Channel()).UnaryAsync(new EchoMessage()).FailureAsync();

        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
        Assert.Contains("honu.grpc.tests.Absent/Unary", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_OfAnUnknownMethod_IsUnimplemented()
    {
        await using var host = await EchoHost.StartAsync();
        var marshaller = Marshallers.StringMarshaller;
        var method = new Method<string, string>(MethodType.Unary, "honu.grpc.tests.Echo", "Missing", marshaller, marshaller);

        var failure = await host.Channel().CreateCallInvoker().AsyncUnaryCall(method, null, default, "x").FailureAsync();

        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
    }

    [Fact]
    public async Task Write_AfterTheServerRefused_ThrowsTheStatusOfTheServer()
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnCollect = (_, _) => throw new RpcException(new Status(StatusCode.PermissionDenied, "no"));
        using var call = host.Client().Collect();

        var writing = Task.Run(async () =>
        {
            while (true)
                await call.RequestStream.WriteAsync(new EchoMessage { Number = 1 });
        });

        Assert.Equal(StatusCode.PermissionDenied, (await writing.FailureAsync()).StatusCode);
        Assert.Equal(StatusCode.PermissionDenied, (await call.ResponseAsync.FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task GetStatus_OfARunningCall_IsAMistakeOfTheCaller()
    {
        await using var host = await EchoHost.StartAsync();
        using var call = host.Client().Duplex();

        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
        Assert.Throws<InvalidOperationException>(() => call.GetTrailers());
    }
}

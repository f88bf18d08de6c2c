using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Honu.Grpc.Protocol.Reflection;
using Honu.Grpc.Tests.Protos;
using Microsoft.AspNetCore.Builder;

namespace Honu.Grpc.Tests;

/// <summary>Server reflection, in both versions that tools ask for.</summary>
public sealed class ReflectionTests
{
    private const string V1 = "grpc.reflection.v1.ServerReflection";
    private const string V1Alpha = "grpc.reflection.v1alpha.ServerReflection";

    [Theory]
    [InlineData(V1)]
    [InlineData(V1Alpha)]
    public async Task List_NamesTheServicesInOrder(string version)
    {
        await using var host = await StartAsync();

        var answer = await AskAsync(host, new ServerReflectionRequest { Host = "me", ListServices = "*" }, version);

        Assert.Equal(
            [V1, "honu.grpc.tests.Echo", "honu.grpc.tests.shapes.Shapes"],
            answer.ListServicesResponse.Service.Select(service => service.Name).Order(StringComparer.Ordinal));
        Assert.Equal(("me", "*"), (answer.ValidHost, answer.OriginalRequest.ListServices));
    }

    [Theory]
    [InlineData(V1)]
    [InlineData(V1Alpha)]
    public async Task FileByName_BringsItAndAllThatItImports(string version)
    {
        await using var host = await StartAsync();

        var files = Files(await AskAsync(host, new ServerReflectionRequest { FileByFilename = "shapes.proto" }, version));

        Assert.Equal("shapes.proto", files[0].Name);
        Assert.Equal(
            ["google/protobuf/duration.proto", "google/protobuf/timestamp.proto", "shapes.proto", "sides.proto"],
            files.Select(file => file.Name).Order(StringComparer.Ordinal));
        Assert.Equal("Shapes", Assert.Single(files[0].Service).Name);

        // Tools build descriptors from them, imports first.
        var built = FileDescriptor.BuildFromByteStrings(files.OrderBy(file => file.Dependency.Count).Select(file => file.ToByteString()));
        Assert.Equal(4, built.Count);
    }

    [Theory]
    [InlineData("honu.grpc.tests.Echo", "echo.proto")]
    [InlineData("honu.grpc.tests.Echo.Duplex", "echo.proto")]
    [InlineData("honu.grpc.tests.EchoMessage", "echo.proto")]
    [InlineData("honu.grpc.tests.EchoMessage.body", "echo.proto")]
    [InlineData("honu.grpc.tests.shapes.Shape.Corner", "shapes.proto")]
    [InlineData("honu.grpc.tests.shapes.Shape.Corner.Kind", "shapes.proto")]
    [InlineData("honu.grpc.tests.shapes.Shape.Corner.kind", "shapes.proto")]
    [InlineData("honu.grpc.tests.shapes.Shape.name", "shapes.proto")]
    [InlineData("honu.grpc.tests.shapes.Colour", "shapes.proto")]
    [InlineData("honu.grpc.tests.shapes.Side", "sides.proto")]
    [InlineData("google.protobuf.Duration", "google/protobuf/duration.proto")]
    [InlineData(V1, "grpc/reflection/v1/reflection.proto")]
    public async Task FileBySymbol_FindsWhereItIsDeclared(string symbol, string file)
    {
        await using var host = await StartAsync();

        Assert.Equal(file, Files(await AskAsync(host, new ServerReflectionRequest { FileContainingSymbol = symbol }))[0].Name);
    }

    [Fact]
    public async Task Extensions_AreListedAndFound()
    {
        await using var host = await StartAsync();

        var numbers = await AskAsync(host, new ServerReflectionRequest { AllExtensionNumbersOfType = "honu.grpc.tests.shapes.Shape" });
        var none = await AskAsync(host, new ServerReflectionRequest { AllExtensionNumbersOfType = "honu.grpc.tests.EchoMessage" });
        var file = await AskAsync(host, Extension("honu.grpc.tests.shapes.Shape", 120));

        Assert.Equal(("honu.grpc.tests.shapes.Shape", "110 120"), (numbers.AllExtensionNumbersResponse.BaseTypeName, string.Join(' ', numbers.AllExtensionNumbersResponse.ExtensionNumber)));
        Assert.Empty(none.AllExtensionNumbersResponse.ExtensionNumber);
        Assert.Equal("shapes.proto", Files(file)[0].Name);
    }

    [Fact]
    public async Task Unknown_IsAnErrorInTheAnswerAndTheStreamGoesOn()
    {
        await using var host = await StartAsync();
        using var call = Open(host, V1);
        ServerReflectionRequest[] unknown =
        [
            new() { FileByFilename = "no.proto" },
            new() { FileContainingSymbol = "no.Such" },
            new() { FileContainingSymbol = "" },
            new() { AllExtensionNumbersOfType = "no.Such" },
            new() { AllExtensionNumbersOfType = "honu.grpc.tests.Echo" },
            Extension("honu.grpc.tests.shapes.Shape", 999),
        ];

        foreach (var request in unknown)
        {
            var answer = await AskAsync(call, request);
            Assert.Equal(((int)StatusCode.NotFound, request), (answer.ErrorResponse.ErrorCode, answer.OriginalRequest));
        }

        Assert.Equal((int)StatusCode.InvalidArgument, (await AskAsync(call, new ServerReflectionRequest())).ErrorResponse.ErrorCode);
        Assert.Equal("echo.proto", Files(await AskAsync(call, new ServerReflectionRequest { FileByFilename = "echo.proto" }))[0].Name);
        await call.RequestStream.CompleteAsync().Guarded();
        Assert.False(await call.ResponseStream.MoveNext().Guarded());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    private static ServerReflectionRequest Extension(string type, int number) =>
        new() { FileContainingExtension = new ExtensionRequest { ContainingType = type, ExtensionNumber = number } };

    private static List<FileDescriptorProto> Files(ServerReflectionResponse answer) =>
        [.. answer.FileDescriptorResponse.FileDescriptorProto.Select(bytes => FileDescriptorProto.Parser.ParseFrom(bytes))];

    private static AsyncDuplexStreamingCall<ServerReflectionRequest, ServerReflectionResponse> Open(EchoHost host, string version)
    {
        var method = new Method<ServerReflectionRequest, ServerReflectionResponse>(
            MethodType.DuplexStreaming, version, "ServerReflectionInfo",
            ProtobufMarshaller<ServerReflectionRequest>.Instance, ProtobufMarshaller<ServerReflectionResponse>.Instance);
        return host.Channel().CreateCallInvoker().AsyncDuplexStreamingCall(method, null, default);
    }

    private static async Task<ServerReflectionResponse> AskAsync(EchoHost host, ServerReflectionRequest request, string version = V1)
    {
        using var call = Open(host, version);
        return await AskAsync(call, request);
    }

    private static async Task<ServerReflectionResponse> AskAsync(
        AsyncDuplexStreamingCall<ServerReflectionRequest, ServerReflectionResponse> call, ServerReflectionRequest request)
    {
        await call.RequestStream.WriteAsync(request).Guarded();
        Assert.True(await call.ResponseStream.MoveNext().Guarded());
        return call.ResponseStream.Current;
    }

    private static Task<EchoHost> StartAsync() => EchoHost.StartAsync(map: app =>
    {
        foreach (var definition in new RpcReflection(Echo.Descriptor, Protos.Shapes.ShapesReflection.Descriptor.Services[0]).Definitions)
            app.MapRpcService(definition);
    });
}

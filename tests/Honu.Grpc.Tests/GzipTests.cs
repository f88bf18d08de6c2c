using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Compression with honest peers: who compresses when, as seen on the wire.</summary>
public sealed class GzipTests : IDisposable
{
    private static readonly EchoMessage Sample = new() { Text = new string('x', 500), Number = 7 };

    private readonly RawClient _raw = new();

    public void Dispose() => _raw.Dispose();

    [Fact]
    public async Task Request_OfACompressingChannel_IsGzipOnTheWire()
    {
        await using var server = await RawServer.StartAsync(Frames.Of([]), new RpcChannelOptions { Compression = RpcCompression.Gzip });

        await server.Client.UnaryAsync(Sample).Guarded();

        var (flag, payload) = Assert.Single(Frames.Read(server.Body));
        Assert.Equal(("gzip", 1), (server.Headers["grpc-encoding"], flag));
        Assert.InRange(payload.Length, 1, 100);
        Assert.Equal(Sample, EchoMessage.Parser.ParseFrom(Frames.Unzip(payload)));
    }

    [Fact]
    public async Task Empty_OfACompressingSide_IsSomethingThatEveryPeerCanRead()
    {
        await using var server = await RawServer.StartAsync(Frames.Of([]), new RpcChannelOptions { Compression = RpcCompression.Gzip });
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { Compression = RpcCompression.Gzip });

        await server.Client.UnaryAsync(new EchoMessage()).Guarded();
        using var response = await _raw.PostAsync(Url(host), new RawClient.Pieces(Frames.Of([]), 5), headers: ("grpc-accept-encoding", "gzip"));

        foreach (var body in new[] { server.Body, await response.Content.ReadAsByteArrayAsync().Guarded() })
        {
            // Either not compressed, or with a header and a trailer: other runtimes refuse compressed data of no bytes.
            var (flag, payload) = Assert.Single(Frames.Read(body));
            Assert.True(flag == 0 ? payload.Length == 0 : payload.Length >= 18, $"flag {flag}, {payload.Length} bytes");
        }
    }

    [Fact]
    public async Task Request_OfAPlainChannel_OffersGzipAndUsesNone()
    {
        await using var server = await RawServer.StartAsync(Frames.Of([]));

        await server.Client.UnaryAsync(Sample).Guarded();

        Assert.Equal("identity,gzip", server.Headers["grpc-accept-encoding"]);
        Assert.DoesNotContain("grpc-encoding", server.Headers.Keys);
        Assert.Equal(0, Assert.Single(Frames.Read(server.Body)).Flag);
    }

    [Theory]
    [InlineData(RpcCompression.None, "gzip", 1)]
    [InlineData(RpcCompression.Gzip, "identity", 0)]
    [InlineData(RpcCompression.Gzip, "gzip", 1)]
    public async Task Request_WithMetadataThatChoose_FollowsThem(RpcCompression option, string chosen, byte expected)
    {
        await using var server = await RawServer.StartAsync(Frames.Of([]), new RpcChannelOptions { Compression = option });

        await server.Client.UnaryAsync(Sample, new Metadata { { "grpc-internal-encoding-request", chosen } }).Guarded();

        Assert.Equal(expected, Assert.Single(Frames.Read(server.Body)).Flag);
        Assert.Equal(expected == 1, server.Headers.ContainsKey("grpc-encoding"));
        Assert.DoesNotContain("grpc-internal-encoding-request", server.Headers.Keys);
    }

    [Fact]
    public async Task Request_WithAnUnknownEncodingInItsMetadata_IsAMistakeOfTheCaller()
    {
        await using var host = await EchoHost.StartAsync();
        var headers = new Metadata { { "grpc-internal-encoding-request", "zstd" } };

        var mistake = Assert.Throws<NotSupportedException>(() => host.Client().UnaryAsync(Sample, headers));

        Assert.Contains("zstd", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_ExemptedByItsWriteOptions_IsPlain()
    {
        await using var server = await RawServer.StartAsync(Frames.Of([]), new RpcChannelOptions { Compression = RpcCompression.Gzip });

        await server.Client.UnaryAsync(Sample, new CallOptions(writeOptions: new WriteOptions(WriteFlags.NoCompress))).Guarded();

        var (flag, payload) = Assert.Single(Frames.Read(server.Body));
        Assert.Equal((0, "gzip"), (flag, server.Headers["grpc-encoding"]));
        Assert.Equal(Sample, EchoMessage.Parser.ParseFrom(payload));
    }

    [Fact]
    public async Task Requests_OfAStream_AreCompressedOneByOne()
    {
        await using var server = await RawServer.StartAsync(Frames.Of([]), new RpcChannelOptions { Compression = RpcCompression.Gzip });
        using var call = server.Client.Collect();

        foreach (var flags in new[] { WriteFlags.None, WriteFlags.NoCompress, WriteFlags.BufferHint, WriteFlags.BufferHint | WriteFlags.NoCompress })
        {
            call.RequestStream.WriteOptions = new WriteOptions(flags);
            await call.RequestStream.WriteAsync(Sample).Guarded();
        }

        await call.RequestStream.CompleteAsync().Guarded();
        await call.Guarded();

        var frames = Frames.Read(server.Body);
        Assert.Equal([1, 0, 1, 0], frames.Select(frame => (int)frame.Flag));
        Assert.All(frames, frame => Assert.Equal(Sample, EchoMessage.Parser.ParseFrom(frame.Flag == 1 ? Frames.Unzip(frame.Payload) : frame.Payload)));
    }

    [Theory]
    [InlineData("gzip", 1)]
    [InlineData("identity,gzip", 1)]
    [InlineData("identity, deflate ,gzip", 1)]
    [InlineData("identity", 0)]
    [InlineData("gzipped,deflate", 0)]
    [InlineData(null, 0)]
    public async Task Response_IsCompressedOnlyForAClientThatAcceptsIt(string? accepted, byte expected)
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { Compression = RpcCompression.Gzip });
        (string, string)[] headers = accepted is null ? [] : [("grpc-accept-encoding", accepted)];

        using var response = await _raw.PostAsync(Url(host), new RawClient.Pieces(Frames.Of(Sample.ToByteArray()), 1000), headers: headers);
        var (flag, payload) = Assert.Single(Frames.Read(await response.Content.ReadAsByteArrayAsync().Guarded()));

        Assert.Equal((expected, expected == 1), (flag, response.Headers.Contains("grpc-encoding")));
        Assert.Equal(Sample, EchoMessage.Parser.ParseFrom(flag == 1 ? Frames.Unzip(payload) : payload));
        Assert.Equal("0", await RawClient.StatusAsync(response));
    }

    [Theory]
    [InlineData(RpcCompression.None, "gzip", 1)]
    [InlineData(RpcCompression.Gzip, "identity", 0)]
    public async Task Response_WithMetadataThatChoose_FollowsThem(RpcCompression option, string chosen, byte expected)
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { Compression = option });
        host.Service.OnUnary = async (request, context) =>
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "grpc-internal-encoding-request", chosen }, { "other", "kept" } });
            return request;
        };

        using var response = await PostAcceptingGzipAsync(host, "Unary");
        var (flag, _) = Assert.Single(Frames.Read(await response.Content.ReadAsByteArrayAsync().Guarded()));

        Assert.Equal(expected, flag);
        Assert.Equal("kept", response.Headers.GetValues("other").Single());
        Assert.False(response.Headers.Contains("grpc-internal-encoding-request"));
    }

    [Fact]
    public async Task Response_WithAnUnknownEncodingInItsMetadata_FailsTheHandler()
    {
        await using var host = await EchoHost.StartAsync();
        NotSupportedException? mistake = null;
        host.Service.OnUnary = async (request, context) =>
        {
            mistake = await Assert.ThrowsAsync<NotSupportedException>(
                () => context.WriteResponseHeadersAsync(new Metadata { { "grpc-internal-encoding-request", "zstd" } }));
            throw mistake;
        };

        var failure = await host.Client().UnaryAsync(Sample).FailureAsync();

        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
        Assert.Contains("zstd", mistake!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Responses_OfAStream_AreCompressedOneByOne()
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { Compression = RpcCompression.Gzip });
        host.Service.OnExpand = async (request, responses, _) =>
        {
            foreach (var flags in new[] { WriteFlags.NoCompress, WriteFlags.None, WriteFlags.BufferHint, WriteFlags.NoCompress | WriteFlags.BufferHint })
            {
                responses.WriteOptions = new WriteOptions(flags);
                await responses.WriteAsync(request);
            }
        };

        using var response = await PostAcceptingGzipAsync(host, "Expand");
        var frames = Frames.Read(await response.Content.ReadAsByteArrayAsync().Guarded());

        Assert.Equal([0, 1, 1, 0], frames.Select(frame => (int)frame.Flag));
        Assert.Equal("gzip", response.Headers.GetValues("grpc-encoding").Single());
        Assert.All(frames, frame => Assert.Equal(Sample, EchoMessage.Parser.ParseFrom(frame.Flag == 1 ? Frames.Unzip(frame.Payload) : frame.Payload)));
    }

    [Fact]
    public async Task Response_ExemptedByTheContext_IsPlain()
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { Compression = RpcCompression.Gzip });
        host.Service.OnUnary = (request, context) =>
        {
            context.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
            return Task.FromResult(request);
        };

        using var response = await PostAcceptingGzipAsync(host, "Unary");

        Assert.Equal(0, Assert.Single(Frames.Read(await response.Content.ReadAsByteArrayAsync().Guarded())).Flag);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    [InlineData(1_000_000)]
    public async Task AllKinds_CompressedBothWays_CarryTheMessages(int bodyBytes)
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { Compression = RpcCompression.Gzip });
        var client = host.Client(new RpcChannelOptions { Compression = RpcCompression.Gzip });
        var random = new byte[bodyBytes];
        new Random(bodyBytes).NextBytes(random);
        var message = new EchoMessage { Body = UnsafeByteOperations.UnsafeWrap(random), Number = bodyBytes == 0 ? 0 : 3 };

        using var collect = client.Collect();
        using var expand = client.Expand(message);
        using var duplex = client.Duplex();
        for (var i = 0; i < 3; i++)
        {
            await collect.RequestStream.WriteAsync(message).Guarded();
            await duplex.RequestStream.WriteAsync(message).Guarded();
            Assert.True(await duplex.ResponseStream.MoveNext().Guarded());
            Assert.Equal(message, duplex.ResponseStream.Current);
        }

        await collect.RequestStream.CompleteAsync().Guarded();
        await duplex.RequestStream.CompleteAsync().Guarded();
        var expanded = 0;
        for (; await expand.ResponseStream.MoveNext().Guarded(); expanded++)
            Assert.Equal(message.Body, expand.ResponseStream.Current.Body);

        Assert.False(await duplex.ResponseStream.MoveNext().Guarded());
        Assert.Equal(message, await client.UnaryAsync(message).Guarded());
        Assert.Equal(message.Number * 3, (await collect.Guarded()).Number);
        Assert.Equal(message.Number, expanded);
        Assert.Empty(host.Errors);
    }

    private static string Url(EchoHost host, string method = "Unary") => $"http://127.0.0.1:{host.Port}/honu.grpc.tests.Echo/{method}";

    private Task<HttpResponseMessage> PostAcceptingGzipAsync(EchoHost host, string method) => _raw.PostAsync(
        Url(host, method), new RawClient.Pieces(Frames.Of(Sample.ToByteArray()), 1000), headers: ("grpc-accept-encoding", "identity,gzip"));
}

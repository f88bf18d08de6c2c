using System.Buffers.Binary;
using System.Net;
using Google.Protobuf;
using Honu.Grpc.Tests.Protos;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Honu.Grpc.Tests;

/// <summary>The server against bytes that no gRPC client of ours would send.</summary>
public sealed class WireServerTests : IDisposable
{
    private readonly RawClient _raw = new();

    [Fact]
    public async Task Request_InPiecesOfOneByte_IsServed()
    {
        await using var host = await EchoHost.StartAsync();
        var request = new EchoMessage { Body = ByteString.CopyFrom(new byte[2000]), Number = 5 };

        using var response = await _raw.PostAsync(Url(host), new RawClient.Pieces(Frame(request.ToByteArray()), 1));
        var body = await response.Content.ReadAsByteArrayAsync().Guarded();

        Assert.Equal("0", await RawClient.StatusAsync(response));
        Assert.Equal(request, EchoMessage.Parser.ParseFrom(body, 5, body.Length - 5));
    }

    [Fact]
    public async Task Request_DeclaresFourGigabytes_IsRefusedBeforeItsBody()
    {
        await using var host = await EchoHost.StartAsync();
        await _raw.PostAsync(Url(host), new RawClient.Pieces(Frame([]), 5));
        var before = GC.GetTotalAllocatedBytes(precise: true);

        using var response = await _raw.PostAsync(Url(host), new RawClient.Pieces([0, 255, 255, 255, 255], 5, endless: true));
        var status = await RawClient.StatusAsync(response);

        Assert.Equal("8", status);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 1_000_000_000); // other tests run beside this one
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 0, 0, 0 }, "13")] // compressed without an encoding
    [InlineData(new byte[] { 7, 0, 0, 0, 0 }, "13")] // an undefined flag
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 }, "13")] // ends in mid-message
    [InlineData(new byte[] { 0, 0 }, "13")] // ends in the prefix
    [InlineData(new byte[0], "13")] // no message
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, "13")] // two messages
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 255, 255 }, "13")] // not a protobuf message
    [InlineData(new byte[] { 0, 0, 0, 0, 0 }, "0")] // the empty message
    public async Task Request_OfTheseBytes_HasThisStatus(byte[] bytes, string status)
    {
        await using var host = await EchoHost.StartAsync();

        using var response = await _raw.PostAsync(Url(host), new RawClient.Pieces(bytes, 100));

        Assert.Equal(status, await RawClient.StatusAsync(response));
        Assert.Empty(host.Errors);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/grpcx")]
    [InlineData("application/json")]
    public async Task Request_OfAnotherContentType_Is415(string contentType)
    {
        await using var host = await EchoHost.StartAsync();

        using var response = await _raw.PostAsync(Url(host), new RawClient.Pieces([], 1), contentType);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Theory]
    [InlineData("text/plain", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/grpc", HttpStatusCode.UpgradeRequired)]
    public async Task Request_OverHttp11_IsRefused(string contentType, HttpStatusCode expected)
    {
        await using var host = await EchoHost.StartAsync(listen: endpoint => endpoint.Protocols = HttpProtocols.Http1);

        using var response = await _raw.PostAsync(Url(host), new ByteArrayContent([]), contentType, HttpVersion.Version11);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Request_OfAnotherEndpoint_IsNotTouched()
    {
        await using var host = await EchoHost.StartAsync();

        using var response = await _raw.PostAsync($"{host.Address}/plain", new RawClient.Pieces([], 1), "application/json");
        using var missing = await _raw.PostAsync($"{host.Address}/no/where", new RawClient.Pieces([], 1), "application/json");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task Request_WithAnUnknownEncoding_IsUnimplementedAndNamesTheSupportedOnes()
    {
        await using var host = await EchoHost.StartAsync();

        using var response = await _raw.PostAsync(Url(host), new RawClient.Pieces([0, 0, 0, 0, 0], 5), headers: ("grpc-encoding", "zstd"));

        Assert.Equal("12", await RawClient.StatusAsync(response));
        Assert.Equal("identity,gzip", response.Headers.GetValues("grpc-accept-encoding").Single());
    }

    [Theory]
    [InlineData("grpc-timeout", "1x", "13")]
    [InlineData("grpc-timeout", "123456789S", "13")]
    [InlineData("grpc-timeout", "99999999H", "0")]
    [InlineData("some-bin", "A", "0")] // not base64, but nobody reads the metadata
    public async Task Request_WithThisHeader_HasThisStatus(string name, string value, string status)
    {
        await using var host = await EchoHost.StartAsync();

        using var response = await _raw.PostAsync(Url(host), new RawClient.Pieces([0, 0, 0, 0, 0], 5), headers: (name, value));

        Assert.Equal(status, await RawClient.StatusAsync(response));
    }

    public void Dispose() => _raw.Dispose();

    private static string Url(EchoHost host) => $"http://127.0.0.1:{host.Port}/honu.grpc.tests.Echo/Unary";

    private static byte[] Frame(byte[] payload)
    {
        var frame = new byte[5 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame, 5);
        return frame;
    }
}

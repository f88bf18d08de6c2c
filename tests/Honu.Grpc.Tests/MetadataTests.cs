using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Metadata both ways: ASCII, binary, repeated, and what a handler knows of its call.</summary>
public sealed class MetadataTests
{
    [Fact]
    public async Task Metadata_BothWays_ArrivesInHeadersAndTrailers()
    {
        await using var host = await EchoHost.StartAsync();
        Metadata? received = null;
        host.Service.OnUnary = async (request, context) =>
        {
            received = context.RequestHeaders;
            await context.WriteResponseHeadersAsync(new Metadata { { "early", "header" }, { "early-bin", [1, 2] } });
            context.ResponseTrailers.Add("late", "trailer");
            context.ResponseTrailers.Add("late-bin", []);
            return request;
        };
        var headers = new Metadata { { "Plain", "a b" }, { "data-bin", [0, 1, 2, 255] }, { "data-bin", [7] } };

        using var call = host.Client().UnaryAsync(new EchoMessage(), headers);
        var early = await call.ResponseHeadersAsync.Guarded();
        await call.Guarded();

        Assert.Equal("a b", received!.GetValue("plain"));
        Assert.Equal([[0, 1, 2, 255], [7]], received.GetAll("data-bin").Select(entry => entry.ValueBytes));
        Assert.Contains("honu-grpc", received.GetValue("user-agent"), StringComparison.Ordinal);
        Assert.Null(received.Get("te"));
        Assert.Equal("header", early.GetValue("early"));
        Assert.Equal([1, 2], early.GetValueBytes("early-bin")!);
        Assert.Equal("trailer", call.GetTrailers().GetValue("late"));
        Assert.Equal([], call.GetTrailers().GetValueBytes("late-bin")!);
        Assert.Null(call.GetTrailers().Get("grpc-status"));
    }

    [Fact]
    public async Task ResponseHeaders_WrittenBeforeAnyRequest_ReachTheClient()
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnDuplex = async (requests, _, context) =>
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "ready", "yes" } });
            await requests.MoveNext();
        };
        using var call = host.Client().Duplex();

        var headers = await call.ResponseHeadersAsync.Guarded();

        Assert.Equal("yes", headers.GetValue("ready"));
    }

    [Fact]
    public async Task ResponseHeaders_WrittenTwice_IsAMistakeOfTheHandler()
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnUnary = async (request, context) =>
        {
            await context.WriteResponseHeadersAsync([]);
            await Assert.ThrowsAsync<InvalidOperationException>(() => context.WriteResponseHeadersAsync([]));
            return request;
        };

        await host.Client().UnaryAsync(new EchoMessage()).Guarded();

        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Context_OfACall_NamesMethodHostAndPeer()
    {
        await using var host = await EchoHost.StartAsync();
        ServerCallContext? seen = null;
        var (method, peer, authority) = ("", "", "");
        host.Service.OnUnary = (request, context) =>
        {
            (seen, method, peer, authority) = (context, context.Method, context.Peer, context.Host);
            context.UserState["key"] = "value";
            return Task.FromResult(request);
        };

        await host.Client().WithHost("other.example").UnaryAsync(new EchoMessage()).Guarded();

        Assert.Equal("/honu.grpc.tests.Echo/Unary", method);
        Assert.StartsWith("ipv4:127.0.0.1:", peer, StringComparison.Ordinal);
        Assert.Equal("other.example", authority);
        Assert.Equal("value", seen!.UserState["key"]);
    }

    [Theory]
    [InlineData("sp ace", "x")]
    [InlineData("", "x")]
    [InlineData("ok", "line\r\nbreak")]
    [InlineData("ok", "ü")]
    [InlineData("text-bin", "x")]
    public void Entry_ThatCannotCrossTheWire_IsRefused(string key, string value)
    {
        Assert.Throws<ArgumentException>(() => new Metadata { { key, value } });
    }

    [Fact]
    public void Empty_IsReadOnly()
    {
        Assert.True(Metadata.Empty.IsReadOnly);
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("a", "b"));
    }
}

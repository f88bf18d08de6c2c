using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Compressed messages that are damaged, cut off, far larger than they look, or not announced: a typed status, no growth.</summary>
public sealed class GzipDamageTests : IDisposable
{
    private const int LimitBytes = 1024 * 1024;

    private static readonly byte[] Whole = Frames.Zip(new EchoMessage { Body = ByteString.CopyFrom(Noise(3000)) }.ToByteArray());

    private readonly RawClient _raw = new();

    public static TheoryData<string> Damages => [.. new[] { "no gzip", "cut in the header", "cut in the middle", "cut before the checksum", "cut in the checksum", "bit in the data", "bit in the checksum", "bit in the length" }];

    public void Dispose() => _raw.Dispose();

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Request_ThatIsDamaged_IsInternal(string damage)
    {
        await using var host = await EchoHost.StartAsync();

        using var response = await PostAsync(host, Frames.Of(Damage(damage), flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal("13", await RawClient.StatusAsync(response));
        Assert.Empty(host.Errors);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Response_ThatIsDamaged_IsInternal(string damage)
    {
        await using var server = await RawServer.StartAsync(Frames.Of(Damage(damage), flag: 1), headers: ("grpc-encoding", "gzip"));

        Assert.Equal(StatusCode.Internal, (await server.Client.UnaryAsync(new EchoMessage()).FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task Whole_IsTakenByBothSides()
    {
        await using var host = await EchoHost.StartAsync();
        await using var server = await RawServer.StartAsync(Frames.Of(Whole, flag: 1), headers: ("grpc-encoding", "gzip"));

        using var response = await PostAsync(host, Frames.Of(Whole, flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal("0", await RawClient.StatusAsync(response));
        Assert.Equal(3000, (await server.Client.UnaryAsync(new EchoMessage()).Guarded()).Body.Length);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("identity")]
    public async Task Compressed_WithoutItsEncoding_IsInternalOnBothSides(string? encoding)
    {
        (string, string)[] headers = encoding is null ? [] : [("grpc-encoding", encoding)];
        await using var host = await EchoHost.StartAsync();
        await using var server = await RawServer.StartAsync(Frames.Of(Whole, flag: 1), headers: headers);

        using var response = await PostAsync(host, Frames.Of(Whole, flag: 1), headers);

        Assert.Equal("13", await RawClient.StatusAsync(response));
        Assert.Equal(StatusCode.Internal, (await server.Client.UnaryAsync(new EchoMessage()).FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task NoData_AsDotNetCompressesAnEmptyMessage_AreAnEmptyMessage()
    {
        await using var host = await EchoHost.StartAsync();
        await using var server = await RawServer.StartAsync(Frames.Of([], flag: 1), headers: ("grpc-encoding", "gzip"));

        using var response = await PostAsync(host, Frames.Of([], flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal("0", await RawClient.StatusAsync(response));
        Assert.Equal(new EchoMessage(), await server.Client.UnaryAsync(new EchoMessage()).Guarded());
    }

    [Fact]
    public async Task Plain_UnderAnEncoding_IsTakenByBothSides()
    {
        await using var host = await EchoHost.StartAsync();
        await using var server = await RawServer.StartAsync(Frames.Of([16, 9]), headers: ("grpc-encoding", "gzip"));

        using var response = await PostAsync(host, Frames.Of([16, 9]), ("grpc-encoding", "gzip"));

        Assert.Equal("0", await RawClient.StatusAsync(response));
        Assert.Equal(9, (await server.Client.UnaryAsync(new EchoMessage()).Guarded()).Number);
    }

    [Fact]
    public async Task Bomb_AtTheServer_IsResourceExhausted()
    {
        await using var host = await EchoHost.StartAsync();

        using var response = await PostAsync(host, Frames.Of(Frames.Bomb(), flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal("8", await RawClient.StatusAsync(response));
    }

    [Fact]
    public async Task Bomb_AtTheClient_IsResourceExhausted()
    {
        await using var server = await RawServer.StartAsync(Frames.Of(Frames.Bomb(), flag: 1), headers: ("grpc-encoding", "gzip"));

        Assert.Equal(StatusCode.ResourceExhausted, (await server.Client.UnaryAsync(new EchoMessage()).FailureAsync()).StatusCode);
    }

    [Fact]
    public void Bomb_TakesMemoryUpToTheLimitOnly()
    {
        var bomb = new ReadOnlySequence<byte>(Frames.Bomb());
        using var output = new PooledBuffer();
        var before = GC.GetAllocatedBytesForCurrentThread();

        var whole = Gzip.TryDecompress(bomb, output, LimitBytes);

        Assert.False(whole);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 * LimitBytes);
        Assert.InRange(output.Length, LimitBytes, 4 * LimitBytes);
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(999, false)]
    public async Task Limit_CountsWhatAMessageIsWhenDecompressed(int limit, bool allowed)
    {
        var message = new EchoMessage { Body = ByteString.CopyFrom(new byte[997]) };
        Assert.Equal(1000, message.CalculateSize());
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { MaxReceiveMessageBytes = limit });
        await using var server = await RawServer.StartAsync(Frames.Zipped(message), new RpcChannelOptions { MaxReceiveMessageBytes = limit }, ("grpc-encoding", "gzip"));

        using var response = await PostAsync(host, Frames.Zipped(message), ("grpc-encoding", "gzip"));
        var call = server.Client.UnaryAsync(new EchoMessage());
        await Task.WhenAny(call.ResponseAsync).Guarded();

        Assert.Equal(allowed ? "0" : "8", await RawClient.StatusAsync(response));
        Assert.Equal(allowed ? StatusCode.OK : StatusCode.ResourceExhausted, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Limit_OfCompressedBytes_IsCheckedBeforeTheyArrive()
    {
        await using var host = await EchoHost.StartAsync(options: new RpcServerOptions { MaxReceiveMessageBytes = 1000 });

        using var response = await _raw.PostAsync(
            Url(host), new RawClient.Pieces([1, 0, 0, 4, 0], 5, endless: true), headers: ("grpc-encoding", "gzip"));

        Assert.Equal("8", await RawClient.StatusAsync(response));
    }

    [Fact]
    public async Task Limit_OfSending_CountsTheMessageBeforeCompression()
    {
        await using var host = await EchoHost.StartAsync();
        var client = host.Client(new RpcChannelOptions { Compression = RpcCompression.Gzip, MaxSendMessageBytes = 1000 });

        var failure = await client.UnaryAsync(new EchoMessage { Body = ByteString.CopyFrom(new byte[5000]) }).FailureAsync();

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    private static byte[] Damage(string damage) => damage switch
    {
        "no gzip" => Noise(100),
        "cut in the header" => Whole[..5],
        "cut in the middle" => Whole[..(Whole.Length / 2)],
        "cut before the checksum" => Whole[..^8],
        "cut in the checksum" => Whole[..^3],
        "bit in the data" => Flip(Whole.Length / 2),
        "bit in the checksum" => Flip(Whole.Length - 7),
        _ => Flip(Whole.Length - 2),
    };

    private static byte[] Flip(int at)
    {
        var copy = (byte[])Whole.Clone();
        copy[at] ^= 4;
        return copy;
    }

    // Half noise, half order: compressible, so that the data are not merely stored.
    private static byte[] Noise(int count)
    {
        var bytes = new byte[count];
        new Random(17).NextBytes(bytes.AsSpan(0, count / 2));
        return bytes;
    }

    private static string Url(EchoHost host) => $"http://127.0.0.1:{host.Port}/honu.grpc.tests.Echo/Unary";

    private Task<HttpResponseMessage> PostAsync(EchoHost host, byte[] body, params (string Name, string Value)[] headers) =>
        _raw.PostAsync(Url(host), new RawClient.Pieces(body, 16 * 1024), headers: headers);
}

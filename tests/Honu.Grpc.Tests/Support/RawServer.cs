using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Honu.Grpc.Tests;

/// <summary>Takes what a client sends as it is on the wire, and answers what no gRPC server would: bytes of a test's choice over HTTP/2.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RpcChannel _channel;

    private RawServer(WebApplication app, RpcChannelOptions? options)
    {
        _app = app;
        _channel = RpcChannel.ForAddress(app.Urls.Single(), options);
    }

    public Protos.Echo.EchoClient Client => new(_channel);

    /// <summary>The headers of the last request.</summary>
    public Dictionary<string, string> Headers { get; private set; } = [];

    /// <summary>The body of the last request.</summary>
    public byte[] Body { get; private set; } = [];

    /// <param name="answer">The body of every answer.</param>
    /// <param name="options">The options of <see cref="Client"/>.</param>
    /// <param name="headers">The headers of every answer.</param>
    public static async Task<RawServer> StartAsync(byte[] answer, RpcChannelOptions? options = null, params (string Name, string Value)[] headers)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.UseRpc()));
        var app = builder.Build();
        RawServer? server = null;
        app.Run(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
            server!.Headers = http.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString());
            server.Body = body.ToArray();
            http.Response.ContentType = "application/grpc";
            foreach (var (name, value) in headers)
                http.Response.Headers[name] = value;
            await http.Response.Body.WriteAsync(answer, http.RequestAborted);
            http.Response.AppendTrailer("grpc-status", "0");
        });
        await app.StartAsync().Guarded();
        return server = new RawServer(app, options);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _app.DisposeAsync().AsTask().Guarded();
    }
}

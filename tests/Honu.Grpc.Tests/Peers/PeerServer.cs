using System.Buffers.Binary;
using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;
using Microsoft.AspNetCore.Http;

namespace Honu.Grpc.Tests.Peers;

/// <summary>
/// An echo server. A request with the header <c>phase</c> is brought into that <see cref="CallPhase"/> and left there; one with <c>reply</c> gets large
/// headers or trailers; <c>Expand</c> and <c>Collect</c> with <c>flood</c> write without end, or do not read.
/// </summary>
internal static class PeerServer
{
    public const int FloodMessageBytes = 64 * 1024;

    // Below the client's limit and above its windows at the start.
    private const int LargeMessageBytes = 3 * 1024 * 1024;
    private const long FloodBytes = 1L << 30;

    public static Task<EchoHost> StartAsync(int port)
    {
        var service = new EchoService();
        var (unary, collect, expand) = (service.OnUnary, service.OnCollect, service.OnExpand);
        service.OnUnary = async (request, context) => await ReplyLargeAsync(context) ?? await unary(request, context);
        service.OnCollect = (requests, context) => Has(context, "flood") ? WaitAsync(context) : collect(requests, context);
        service.OnExpand = (request, responses, context) => Has(context, "flood")
            ? FloodAsync(responses.WriteAsync, context.CancellationToken)
            : expand(request, responses, context);
        return EchoHost.StartAsync(service, port: port, use: (context, next) =>
            Enum.TryParse<CallPhase>(context.Request.Headers["phase"].ToString(), out var phase) ? HoldAsync(phase, context) : next(context));
    }

    /// <summary>Writes until a write has not returned for a second, says so and leaves it at that; or until 1 GiB is written.</summary>
    public static async Task FloodAsync(Func<EchoMessage, Task> write, CancellationToken cancellationToken)
    {
        var message = new EchoMessage { Body = ByteString.CopyFrom(new byte[FloodMessageBytes]) };
        var count = 0;
        for (; (long)count * FloodMessageBytes < FloodBytes; count++)
        {
            var writing = write(message);
            if (await Task.WhenAny(writing, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellationToken)) == writing)
            {
                await writing;
                continue;
            }

            Program.Say($"stalled {count}");
            await writing;
        }

        Program.Say($"stalled {count}");
    }

    private static async Task HoldAsync(CallPhase phase, HttpContext context)
    {
        await BringAsync(phase, context);
        Program.Say($"reached {context.Request.Path}");
        await SyncPoint.WhenCancelled(context.RequestAborted).Task;
    }

    private static async Task BringAsync(CallPhase phase, HttpContext context)
    {
        if (phase == CallPhase.BeforeHead)
            return;
        if (phase == CallPhase.MidRequest)
        {
            await context.Request.BodyReader.ReadAtLeastAsync(FloodMessageBytes);
            return;
        }

        if (phase == CallPhase.BeforeStatus)
            await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.FlushAsync();
        var message = new EchoMessage { Number = 7, Body = ByteString.CopyFrom(new byte[phase == CallPhase.MidResponse ? LargeMessageBytes : 0]) }.ToByteArray();
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        if (phase != CallPhase.AfterHeaders)
            await context.Response.Body.WriteAsync(phase == CallPhase.MidResponse ? frame.AsMemory(0, frame.Length / 2) : frame);
        await context.Response.Body.FlushAsync();
    }

    private static bool Has(ServerCallContext context, string name) => context.RequestHeaders.GetValue(name) is not null;

    private static async Task<EchoMessage> WaitAsync(ServerCallContext context)
    {
        await SyncPoint.WhenCancelled(context.CancellationToken).Task;
        return new EchoMessage();
    }

    // "headers 1 65536": one entry of that many bytes.
    private static async Task<EchoMessage?> ReplyLargeAsync(ServerCallContext context)
    {
        if (context.RequestHeaders.GetValue("reply")?.Split(' ') is not [var where, var count, var bytes])
            return null;

        var metadata = where == "headers" ? [] : context.ResponseTrailers;
        for (var i = 0; i < int.Parse(count); i++)
            metadata.Add($"large-{i}", new string('x', int.Parse(bytes)));
        if (where == "headers")
            await context.WriteResponseHeadersAsync(metadata);
        if (where == "error")
            throw new RpcException(new Status(StatusCode.NotFound, "with trailers"));
        return new EchoMessage { Number = 7 };
    }
}

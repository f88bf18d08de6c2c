using System.Globalization;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Honu.GrpcBenchmarks.Protos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Honu.GrpcBenchmarks;

/// <summary>The server's role: prints its port and serves until its standard input ends.</summary>
internal sealed class BenchServer : Bench.BenchBase
{
    private static readonly WriteOptions Hint = new(WriteFlags.BufferHint);

    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRpcBuffers();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseRpc()));
        var app = builder.Build();
        await using (app.ConfigureAwait(false))
        {
            app.MapRpcService(Bench.BindService(new BenchServer()));
            await app.StartAsync().ConfigureAwait(false);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"port {new Uri(app.Urls.Single()).Port}"));
            using var input = Console.OpenStandardInput();
            while (await input.ReadAsync(new byte[64]).ConfigureAwait(false) > 0)
            {
                // Whoever started the server holds the other end; nothing is said on it.
            }
        }
    }

    public override Task<Message> Unary(Message request, ServerCallContext context) => Task.FromResult(request);

    public override async Task ServerStream(StreamRequest request, IServerStreamWriter<Message> responseStream, ServerCallContext context)
    {
        TakeHint(responseStream, context);
        var message = new Message { Payload = UnsafeByteOperations.UnsafeWrap(new byte[request.Size]) };
        try
        {
            while (!context.CancellationToken.IsCancellationRequested)
                await responseStream.WriteAsync(message).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The way this stream ends.
        }
    }

    public override async Task<Summary> ClientStream(IAsyncStreamReader<Message> requestStream, ServerCallContext context)
    {
        var summary = new Summary();
        var before = GC.GetTotalAllocatedBytes();
        while (await requestStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
        {
            summary.Messages++;
            summary.Bytes += requestStream.Current.Payload.Length;
        }

        summary.AllocatedBytes = GC.GetTotalAllocatedBytes() - before;
        return summary;
    }

    public override async Task Bidi(IAsyncStreamReader<Message> requestStream, IServerStreamWriter<Message> responseStream, ServerCallContext context)
    {
        TakeHint(responseStream, context);
        while (await requestStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
            await responseStream.WriteAsync(requestStream.Current).ConfigureAwait(false);
    }

    private static void TakeHint(IServerStreamWriter<Message> stream, ServerCallContext context)
    {
        if (context.RequestHeaders.GetValue("bench-hint") is not null)
            stream.WriteOptions = Hint;
    }
}

using Grpc.Core;
using Grpc.Testing;

namespace Honu.Grpc.InteropHost;

/// <summary>Calls that end otherwise than with OK.</summary>
internal static class EndingCases
{
    public static async Task TimeoutOnSleepingServerAsync(CaseContext context)
    {
        // The prescribed millisecond is mostly over before anything was sent; the second one reaches the server.
        foreach (var milliseconds in new[] { 1, 500 })
        {
            using var call = context.Client.FullDuplexCall(deadline: DateTime.UtcNow.AddMilliseconds(milliseconds));
            var status = await Check.FailsAsync(async () =>
            {
                try
                {
                    await call.RequestStream.WriteAsync(Messages.Wanted(27_182));
                }
                catch (Exception exception) when (exception is RpcException or InvalidOperationException)
                {
                    // The deadline may come in the middle of the write; the responses say what the case asks for.
                }

                await call.ResponseStream.MoveNext();
            });
            Check.Status(StatusCode.DeadlineExceeded, detail: null, status);
            Check.Status(StatusCode.DeadlineExceeded, detail: null, call.GetStatus());
        }
    }

    public static async Task CancelAfterBeginAsync(CaseContext context)
    {
        using var cancel = new CancellationTokenSource();
        using var call = context.Client.StreamingInputCall(CaseContext.Options(cancellationToken: cancel.Token));
        await cancel.CancelAsync();

        Check.Status(StatusCode.Cancelled, detail: null, await Check.FailsAsync(async () => await call));
        Check.Status(StatusCode.Cancelled, detail: null, call.GetStatus());
    }

    public static async Task CancelAfterFirstResponseAsync(CaseContext context)
    {
        using var cancel = new CancellationTokenSource();
        using var call = context.Client.FullDuplexCall(CaseContext.Options(cancellationToken: cancel.Token));
        await call.RequestStream.WriteAsync(Messages.Wanted(27_182, 31_415));
        Check.Equal(expected: true, await call.ResponseStream.MoveNext(), "whether a response came");
        Check.Zeros(31_415, call.ResponseStream.Current.Payload, "the response");
        await cancel.CancelAsync();

        Check.Status(StatusCode.Cancelled, detail: null, await Check.FailsAsync(() => call.ResponseStream.MoveNext()));
        Check.Status(StatusCode.Cancelled, detail: null, call.GetStatus());
    }

    public static async Task StatusCodeAndMessageAsync(CaseContext context)
    {
        var wanted = new EchoStatus { Code = (int)StatusCode.Unknown, Message = "test status method" };
        await CheckUnaryAsync(context, wanted);

        using var call = context.Client.FullDuplexCall(CaseContext.Options());
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { ResponseStatus = wanted });
        await call.RequestStream.CompleteAsync();
        Check.Status(StatusCode.Unknown, wanted.Message, await Check.FailsAsync(() => call.ResponseStream.MoveNext()));
    }

    public static Task SpecialStatusMessageAsync(CaseContext context) => CheckUnaryAsync(context, new EchoStatus
    {
        Code = (int)StatusCode.Unknown,
        Message = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001F608\t\n",
    });

    public static async Task UnimplementedMethodAsync(CaseContext context)
    {
        var status = await Check.FailsAsync(async () => await context.Client.UnimplementedCallAsync(new Empty(), CaseContext.Options()));

        Check.Status(StatusCode.Unimplemented, detail: null, status);
    }

    public static async Task UnimplementedServiceAsync(CaseContext context)
    {
        var client = new UnimplementedService.UnimplementedServiceClient(context.Channel);
        var status = await Check.FailsAsync(async () => await client.UnimplementedCallAsync(new Empty(), CaseContext.Options()));

        Check.Status(StatusCode.Unimplemented, detail: null, status);
    }

    private static async Task CheckUnaryAsync(CaseContext context, EchoStatus wanted)
    {
        var request = new SimpleRequest { ResponseStatus = wanted };
        var status = await Check.FailsAsync(async () => await context.Client.UnaryCallAsync(request, CaseContext.Options()));

        Check.Status((StatusCode)wanted.Code, wanted.Message, status);
    }
}

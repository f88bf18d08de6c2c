using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting.Services;

/// <summary>Turns what the store throws into the status codes that store.proto promises.</summary>
internal static partial class ServiceErrors
{
    /// <summary>Trailer that carries the <see cref="HonuErrorCode"/>.</summary>
    public const string CodeTrailer = "honu-code";

    public static RpcException Invalid(string message) => new(new Status(StatusCode.InvalidArgument, OneLine(message)));

    public static RpcException Exhausted(string message) => new(new Status(StatusCode.ResourceExhausted, OneLine(message)));

    public static RpcException Map(Exception exception, ServerCallContext context, ILogger logger) => exception switch
    {
        RpcException rpc => rpc,
        HonuException honu => WithCode(StatusOf(honu.Code), honu),
        ObjectDisposedException => new RpcException(new Status(StatusCode.Unavailable, "The server's store is closed. Try again later or on another replica.")),
        ArgumentException argument => Invalid(WithoutParameter(argument)),
        OperationCanceledException when context.CancellationToken.IsCancellationRequested =>
            new RpcException(new Status(StatusCode.Cancelled, "The caller cancelled.")),
        OperationCanceledException => new RpcException(new Status(StatusCode.Unavailable, "The server is stopping. Try again later or on another replica.")),
        _ => Fault(exception, context, logger),
    };

    private static StatusCode StatusOf(HonuErrorCode code) => code switch
    {
        HonuErrorCode.Corruption => StatusCode.DataLoss,
        HonuErrorCode.StoreFailed or HonuErrorCode.Io or HonuErrorCode.StoreLocked => StatusCode.Unavailable,
        HonuErrorCode.WaitTimedOut => StatusCode.DeadlineExceeded,
        HonuErrorCode.LimitExceeded or HonuErrorCode.TokenTooLarge => StatusCode.ResourceExhausted,
        _ => StatusCode.FailedPrecondition,
    };

    private static RpcException WithCode(StatusCode status, HonuException exception)
    {
        var trailers = new Metadata { { CodeTrailer, exception.Code.ToString() } };
        return new RpcException(new Status(status, OneLine(exception.Message)), trailers);
    }

    private static RpcException Fault(Exception exception, ServerCallContext context, ILogger logger)
    {
        CallFailed(logger, context.Method, exception);
        return new RpcException(new Status(StatusCode.Internal, "A fault of the server; its log has the details."));
    }

    // Argument exceptions carry " (Parameter 'x')", which says nothing to a caller in another language.
    private static string WithoutParameter(ArgumentException exception)
    {
        var suffix = exception.Message.LastIndexOf(" (Parameter '", StringComparison.Ordinal);
        return suffix < 0 ? exception.Message : exception.Message[..suffix];
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");

    [LoggerMessage(4501, LogLevel.Error, "{Method} failed with a fault.", EventName = "CallFailed")]
    private static partial void CallFailed(ILogger logger, string method, Exception exception);
}

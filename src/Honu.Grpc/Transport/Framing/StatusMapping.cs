using System.Globalization;
using System.Net;
using Grpc.Core;

namespace Honu.Grpc;

/// <summary>Turns what HTTP/2 reports into the codes that the gRPC documents assign to it.</summary>
internal static class StatusMapping
{
    /// <summary>The status that <c>grpc-status</c> and <c>grpc-message</c> say.</summary>
    public static Status FromHeaders(string code, string? message)
    {
        var known = int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= (int)StatusCode.Unauthenticated;
        return new Status(known ? (StatusCode)number : StatusCode.Unknown, PercentEncoding.Decode(message ?? ""));
    }

    /// <summary>For an answer without <c>grpc-status</c>, typically of a proxy.</summary>
    public static Status FromHttpStatus(HttpStatusCode code) => new(
        (int)code switch
        {
            400 => StatusCode.Internal,
            401 => StatusCode.Unauthenticated,
            403 => StatusCode.PermissionDenied,
            404 => StatusCode.Unimplemented,
            429 or 502 or 503 or 504 => StatusCode.Unavailable,
            _ => StatusCode.Unknown,
        },
        $"The server answered with HTTP status {(int)code} and no grpc-status.");

    /// <summary>For a call that ended without any answer.</summary>
    /// <param name="exception">What the connection reported.</param>
    /// <param name="cancelled">Whether this side has given the call up. A time-out of connecting, or a lost connection, can come as a cancellation, too.</param>
    public static Status FromException(Exception exception, bool cancelled)
    {
        if (cancelled && exception is OperationCanceledException)
            return new Status(StatusCode.Cancelled, "The call was cancelled.", exception);

        var limitExceeded = false;
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case RpcException rpc:
                    return rpc.Status;
                case HttpProtocolException protocol:
                    return new Status(FromHttp2Error(protocol), protocol.Message, exception);
                case HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded }:
                case HttpIOException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded }:
                    limitExceeded = true;
                    break;
            }
        }

        return limitExceeded
            ? new Status(StatusCode.ResourceExhausted, "The headers of the answer exceed the limit.", exception)
            : exception is HttpRequestException or IOException or TimeoutException or OperationCanceledException or ObjectDisposedException
                ? new Status(StatusCode.Unavailable, $"The connection failed: {Reason(exception)}", exception)
                : new Status(StatusCode.Internal, $"The call failed: {exception.Message}", exception);
    }

    // The innermost exception names the cause. That a stream is closed by now is none: a server that refuses a certificate leaves that behind.
    private static string Reason(Exception exception)
    {
        while (exception.InnerException is { } inner and not ObjectDisposedException)
            exception = inner;
        return exception.Message;
    }

    private static StatusCode FromHttp2Error(HttpProtocolException error) => error.ErrorCode switch
    {
        // The codes below are for a stream that is reset. For a connection that is closed (GOAWAY), or that does not answer keep-alive pings, the same
        // numbers say nothing about this call; only the text, or its resource key in trimmed programs, tells the two apart.
        not 0xb when !error.Message.Contains("stream", StringComparison.Ordinal) => StatusCode.Unavailable,
        0x7 => StatusCode.Unavailable, // REFUSED_STREAM: the server has not looked at it
        0x8 => StatusCode.Cancelled, // CANCEL
        0xb => StatusCode.ResourceExhausted, // ENHANCE_YOUR_CALM
        0xc => StatusCode.PermissionDenied, // INADEQUATE_SECURITY
        _ => StatusCode.Internal,
    };
}

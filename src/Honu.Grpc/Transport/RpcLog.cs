using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Honu.Grpc;

/// <summary>The log events of the runtime, 4000 to 4999.</summary>
internal static partial class RpcLog
{
    [LoggerMessage(EventId = 4000, EventName = nameof(HandlerFailed), Level = LogLevel.Error, Message = "The handler of {Method} failed; its client gets UNKNOWN.")]
    public static partial void HandlerFailed(ILogger logger, string method, Exception exception);

    [LoggerMessage(EventId = 4001, EventName = nameof(HandlerFailedAfterStop), Level = LogLevel.Debug, Message = "The handler of {Method} failed after its call was stopped.")]
    public static partial void HandlerFailedAfterStop(ILogger logger, string method, Exception exception);

    [LoggerMessage(EventId = 4002, EventName = nameof(CallStopped), Level = LogLevel.Debug, Message = "A call of {Method} is stopped with {StatusCode}.")]
    public static partial void CallStopped(ILogger logger, string method, StatusCode statusCode);

    [LoggerMessage(EventId = 4003, EventName = nameof(StatusNotSent), Level = LogLevel.Debug, Message = "Responses or the status of a call of {Method} could not be sent.")]
    public static partial void StatusNotSent(ILogger logger, string method, Exception exception);

    [LoggerMessage(EventId = 4004, EventName = nameof(CertificatesRead), Level = LogLevel.Information, Message = "The certificates of {Files} have changed: new connections use {Subject}, valid until {NotAfter}.")]
    public static partial void CertificatesRead(ILogger logger, string files, string? subject, DateTime? notAfter);

    [LoggerMessage(EventId = 4005, EventName = nameof(CertificatesNotRead), Level = LogLevel.Warning, Message = "The changed certificates of {Files} cannot be used; new connections go on with the last good ones.")]
    public static partial void CertificatesNotRead(ILogger logger, string files, Exception exception);
}

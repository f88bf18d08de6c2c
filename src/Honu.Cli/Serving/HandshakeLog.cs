using Microsoft.Extensions.Logging;

namespace Honu.Cli.Serving;

/// <summary>Tells of handshakes that the other end gave up. The server knows of them by one line at Debug, among one for every connection; only the failures are passed on.</summary>
/// <param name="target">Where to tell it; disposed with this one.</param>
internal sealed partial class HandshakeLog(ILoggerFactory target) : ILoggerProvider
{
    /// <summary>Who writes that line.</summary>
    public const string Category = "Microsoft.AspNetCore.Server.Kestrel.Https.Internal.HttpsConnectionMiddleware";

    public ILogger CreateLogger(string categoryName) => categoryName == Category ? new Listener(target.CreateLogger<HandshakeLog>()) : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    public void Dispose() => target.Dispose();

    [LoggerMessage(EventId = 5100, EventName = "HandshakeFailed", Level = LogLevel.Warning, Message = "TLS: a handshake failed, the other end may not trust the certificate of this server or speak no TLS: {Reason}. The same is not reported again.")]
    private static partial void HandshakeFailed(ILogger logger, string reason);

    private sealed class Listener(ILogger target) : ILogger
    {
        private const int MaxTold = 64;
        private readonly HashSet<string> _told = new(StringComparer.Ordinal);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            // What this side refuses has been told with its reason (event 3101).
            if (exception is null || exception.Message.Contains("ValidationCallback", StringComparison.Ordinal))
                return;
            while (exception.InnerException is { } inner)
                exception = inner;
            var reason = exception.Message.ReplaceLineEndings(" ").TrimEnd('.');
            lock (_told)
            {
                if (_told.Count >= MaxTold || !_told.Add(reason))
                    return;
            }

            HandshakeFailed(target, reason);
        }
    }
}

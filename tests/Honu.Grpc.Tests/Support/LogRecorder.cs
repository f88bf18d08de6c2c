using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Honu.Grpc.Tests;

/// <summary>Keeps what is logged.</summary>
internal sealed class LogRecorder : ILogger
{
    public ConcurrentQueue<(int Id, LogLevel Level, string Text)> Events { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Events.Enqueue((eventId.Id, logLevel, $"{formatter(state, exception)} {exception?.Message}"));
}

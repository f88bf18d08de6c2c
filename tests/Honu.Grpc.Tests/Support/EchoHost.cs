using System.Collections.Concurrent;
using System.Net;
using Grpc.Core.Interceptors;
using Honu.Grpc.Tests.Protos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Honu.Grpc.Tests;

/// <summary>A real Kestrel on a free port of 127.0.0.1 that serves an <see cref="EchoService"/>, with channels to it.</summary>
internal sealed class EchoHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<RpcChannel> _channels = [];
    private readonly ErrorLog _log;
    private readonly bool _tls;

    private EchoHost(WebApplication app, EchoService service, ErrorLog log, bool tls) => (_app, Service, _log, _tls) = (app, service, log, tls);

    public EchoService Service { get; }

    /// <summary>Requests that the server works on, from their head until their last trace is gone.</summary>
    public required Gauge Requests { get; init; }

    /// <summary>Connections that are open, and how many there ever were.</summary>
    public required Gauge Connections { get; init; }

    /// <summary>Errors logged by the runtime; a test that provokes none expects it to be empty.</summary>
    public ConcurrentQueue<string> Errors => _log.Errors;

    public int Port => new Uri(_app.Urls.Single()).Port;

    public string Address => $"{(_tls ? "https" : "http")}://localhost:{Port}";

    public static async Task<EchoHost> StartAsync(
        EchoService? service = null, RpcServerOptions? options = null, RpcServerTlsOptions? tls = null, Action<ListenOptions>? listen = null,
        bool logs = true, int port = 0, Action<WebApplication>? map = null, Func<HttpContext, RequestDelegate, Task>? use = null,
        params Interceptor[] interceptors)
    {
        service ??= new EchoService();
        var (requests, connections) = (new Gauge(), new Gauge());
        var log = new ErrorLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (logs)
            builder.Logging.AddProvider(log);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, endpoint =>
        {
            endpoint.Use(next => connection => connections.DuringAsync(() => next(connection)));
            endpoint.UseRpc(tls);
            listen?.Invoke(endpoint);
        }));
        var app = builder.Build();
        app.Use((context, next) => requests.DuringAsync(() => use is null ? next(context) : use(context, next)));
        app.MapRpcService(Echo.BindService(service).Intercept(interceptors), options);
        app.MapPost("/plain", () => Results.Ok());
        map?.Invoke(app);
        await app.StartAsync().Guarded();
        return new EchoHost(app, service, log, tls is not null) { Requests = requests, Connections = connections };
    }

    public RpcChannel Channel(RpcChannelOptions? options = null)
    {
        var channel = RpcChannel.ForAddress($"{(_tls ? "https" : "http")}://{(_tls ? "localhost" : "127.0.0.1")}:{Port}", options);
        _channels.Add(channel);
        return channel;
    }

    public Echo.EchoClient Client(RpcChannelOptions? options = null) => new(Channel(options));

    public Task StopAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _channels.ForEach(channel => channel.Dispose());
        await _app.DisposeAsync().AsTask().Guarded();
    }

    internal sealed class ErrorLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Errors { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Errors.Enqueue($"{eventId.Name}: {formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }
}

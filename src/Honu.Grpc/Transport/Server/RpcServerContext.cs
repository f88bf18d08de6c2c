using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Honu.Grpc;

/// <summary>What all calls of a mapped service share.</summary>
internal sealed class RpcServerContext
{
    public RpcServerContext(IServiceProvider services, RpcServerOptions options)
    {
        Options = options;
        Logger = services.GetService<ILoggerFactory>()?.CreateLogger("Honu.Grpc.Server") ?? NullLogger.Instance;

        // The source lives as long as the host, so neither it nor the registration is disposed.
        var drained = new CancellationTokenSource(Timeout.InfiniteTimeSpan, options.TimeProvider);
        services.GetService<IHostApplicationLifetime>()?.ApplicationStopping.UnsafeRegister(_ => drained.CancelAfter(options.DrainTimeout), null);
        Drained = drained.Token;
    }

    public RpcServerOptions Options { get; }

    public ILogger Logger { get; }

    /// <summary>Cancelled when the host stops and the time for running calls is over.</summary>
    public CancellationToken Drained { get; }
}

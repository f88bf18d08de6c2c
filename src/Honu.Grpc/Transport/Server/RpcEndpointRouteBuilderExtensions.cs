using Grpc.Core;
using Honu.Grpc;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Serves gRPC services by endpoint routing.</summary>
public static class RpcEndpointRouteBuilderExtensions
{
    /// <summary>Serves the methods of a service. Unknown methods and services are answered with <c>UNIMPLEMENTED</c>.</summary>
    /// <param name="endpoints">Where to add the endpoints.</param>
    /// <param name="definition">What <c>BindService(implementation)</c> of generated code returns; the implementation serves all calls at once.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <returns>Adds conventions, such as authorization, to all methods of the service.</returns>
    /// <exception cref="ArgumentException">An option is not usable; the message lists all reasons.</exception>
    /// <remarks>Each endpoint has its <see cref="IMethod"/> as metadata. The endpoint's listener must speak HTTP/2: see <c>ListenOptions.UseRpc</c>.</remarks>
    public static IEndpointConventionBuilder MapRpcService(
        this IEndpointRouteBuilder endpoints, ServerServiceDefinition definition, RpcServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(definition);
        options ??= new RpcServerOptions();
        if (options.Validate() is { Count: > 0 } failures)
            throw new ArgumentException(string.Join(" ", failures), nameof(options));

        UnknownMethodEndpoint.MapOnce(endpoints);
        var binder = new RpcServiceBinder(endpoints, new RpcServerContext(endpoints.ServiceProvider, options));
        definition.BindService(binder);
        return binder;
    }
}

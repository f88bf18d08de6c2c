using Honu.Grpc;
using Microsoft.AspNetCore.Http;

namespace Grpc.Core;

/// <summary>The way from a gRPC call to the HTTP request below it.</summary>
public static class ServerCallContextExtensions
{
    /// <summary>The HTTP request of this call: the client's certificate (<c>Connection.ClientCertificate</c>), user, services.</summary>
    /// <param name="serverCallContext">The call.</param>
    /// <remarks>Not to be used after the handler has returned. Leave its response to the runtime.</remarks>
    /// <exception cref="InvalidOperationException">The call does not come from this runtime, for instance in a test of the handler.</exception>
    public static HttpContext GetHttpContext(this ServerCallContext serverCallContext)
    {
        ArgumentNullException.ThrowIfNull(serverCallContext);
        return serverCallContext is ServerCall call
            ? call.Http
            : throw new InvalidOperationException($"{serverCallContext.GetType()} has no HTTP request.");
    }
}

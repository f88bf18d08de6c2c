using Grpc.Core;
using Grpc.Testing;
using Microsoft.AspNetCore.Http;

namespace Honu.Grpc.InteropHost;

/// <summary>Whether requests came compressed, as the server's side of the compression cases must know.</summary>
internal static class RequestFlags
{
    /// <summary>Watches the body of calls that name an encoding; without one no message may be compressed, and the runtime refuses those that are.</summary>
    public static Task ObserveAsync(HttpContext http, RequestDelegate next)
    {
        if (http.Request.Headers.ContainsKey("grpc-encoding"))
        {
            var flags = new MessageFlags();
            http.Items[typeof(MessageFlags)] = flags;
            http.Request.Body = new ObservedStream(http.Request.Body, flags);
        }

        return next(http);
    }

    /// <summary>Fails the call when the client says about message number <paramref name="index"/> what is not so.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT, as the description of the cases demands.</exception>
    public static void Check(ServerCallContext context, int index, BoolValue? expected)
    {
        if (expected is null)
            return;

        var flags = context.GetHttpContext().Items[typeof(MessageFlags)] as MessageFlags;
        var compressed = flags?.Compressed[index] ?? false;
        if (compressed != expected.Value)
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"Message {index} was {(compressed ? "compressed" : "not compressed")}."));
    }
}

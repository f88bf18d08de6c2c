using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Honu.Grpc;

/// <summary>The first look at a request, before there is a call.</summary>
internal static class RpcRequest
{
    /// <summary>Refuses what is not gRPC with an HTTP status; sets up the stream for what is.</summary>
    public static bool TryAccept(HttpContext http)
    {
        if (!GrpcContentType.Matches(http.Request.ContentType))
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return false;
        }

        if (!HttpProtocol.IsHttp2(http.Request.Protocol))
        {
            // gRPC needs trailers and streams both ways.
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            http.Response.Headers.Upgrade = "h2c";
            return false;
        }

        // A stream may be long and silent; messages have limits of their own. Set per request: other endpoints keep their limits.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (http.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        http.Response.ContentType = GrpcContentType.Value;
        return true;
    }
}

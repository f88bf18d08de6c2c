using System.Globalization;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Honu.Grpc;

/// <summary>Answers gRPC calls of methods that are not served; other requests pass by.</summary>
internal static class UnknownMethodEndpoint
{
    // One endpoint for all services of an application: two equal ones would be ambiguous.
    private static readonly ConditionalWeakTable<IEndpointRouteBuilder, object> Mapped = [];

    public static void MapOnce(IEndpointRouteBuilder endpoints)
    {
        if (!Mapped.TryAdd(endpoints, Mapped))
            return;

        var pattern = RoutePatternFactory.Parse("{service}/{method}", defaults: null, new RouteValueDictionary { ["method"] = new GrpcConstraint() });
        endpoints.Map(pattern, AnswerAsync).WithDisplayName("gRPC, unknown method").WithOrder(int.MaxValue);
    }

    private static Task AnswerAsync(HttpContext http)
    {
        if (RpcRequest.TryAccept(http))
        {
            http.Response.Headers["grpc-status"] = ((int)StatusCode.Unimplemented).ToString(CultureInfo.InvariantCulture);
            http.Response.Headers["grpc-message"] = PercentEncoding.Encode($"The method {http.Request.Path} is not served here.");
        }

        return Task.CompletedTask;
    }

    private sealed class GrpcConstraint : IRouteConstraint
    {
        public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            httpContext is not null && HttpMethods.IsPost(httpContext.Request.Method) && GrpcContentType.Matches(httpContext.Request.ContentType);
    }
}

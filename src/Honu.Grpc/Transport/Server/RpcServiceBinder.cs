using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Honu.Grpc;

/// <summary>Makes one endpoint per method: reads what the kind of method needs, calls the handler, writes what it returns.</summary>
internal sealed class RpcServiceBinder(IEndpointRouteBuilder endpoints, RpcServerContext server) : ServiceBinderBase, IEndpointConventionBuilder
{
    private readonly List<IEndpointConventionBuilder> _endpoints = [];

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
        Map(method, handler, static async (call, method, handler) =>
        {
            var request = await new ServerRequests<TRequest>(call, method.RequestMarshaller).ReadSingleAsync().ConfigureAwait(false);
            var response = await handler(request, call).ConfigureAwait(false);
            await new ServerResponses<TResponse>(call, method.ResponseMarshaller).WriteSingleAsync(response).ConfigureAwait(false);
        });

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
        Map(method, handler, static async (call, method, handler) =>
        {
            var response = await handler(new ServerRequests<TRequest>(call, method.RequestMarshaller), call).ConfigureAwait(false);
            await new ServerResponses<TResponse>(call, method.ResponseMarshaller).WriteSingleAsync(response).ConfigureAwait(false);
        });

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
        Map(method, handler, static async (call, method, handler) =>
        {
            var request = await new ServerRequests<TRequest>(call, method.RequestMarshaller).ReadSingleAsync().ConfigureAwait(false);
            await handler(request, new ServerResponses<TResponse>(call, method.ResponseMarshaller), call).ConfigureAwait(false);
        });

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
        Map(method, handler, static (call, method, handler) => handler(
            new ServerRequests<TRequest>(call, method.RequestMarshaller), new ServerResponses<TResponse>(call, method.ResponseMarshaller), call));

    public void Add(Action<EndpointBuilder> convention) => _endpoints.ForEach(endpoint => endpoint.Add(convention));

    public void Finally(Action<EndpointBuilder> finallyConvention) => _endpoints.ForEach(endpoint => endpoint.Finally(finallyConvention));

    private void Map<TMethod, THandler>(TMethod method, THandler? handler, Func<ServerCall, TMethod, THandler, Task> serve)
        where TMethod : IMethod
        where THandler : class
    {
        ArgumentNullException.ThrowIfNull(handler);
        Task Serve(ServerCall call) => serve(call, method, handler);
        Func<ServerCall, Task> cached = Serve;
        RequestDelegate endpoint = http => RpcRequest.TryAccept(http) ? new ServerCall(http, method, server).RunAsync(cached) : Task.CompletedTask;

        var builder = endpoints.MapPost(method.FullName, endpoint);
        builder.WithDisplayName($"gRPC {method.FullName}").WithMetadata(method);
        _endpoints.Add(builder);
    }
}

using System.Collections.Concurrent;
using Grpc.Core;
using Honu.Grpc.Protocol.Health;
using static Honu.Grpc.Protocol.Health.HealthCheckResponse.Types;

namespace Honu.Grpc;

/// <summary>The standard service <c>grpc.health.v1.Health</c>: tells probes and load balancers whether services can be called.</summary>
/// <remarks>Serve it with <c>MapRpcService(health.Definition)</c>. Safe to use from any thread.</remarks>
public sealed class RpcHealth
{
    private const string ServiceName = "grpc.health.v1.Health";

    private readonly ConcurrentDictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal) { [""] = ServingStatus.Serving };
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A server that serves as a whole and names no services yet.</summary>
    public RpcHealth() => Definition = ServerServiceDefinition.CreateBuilder()
        .AddMethod(Method(MethodType.Unary, "Check"), Check)
        .AddMethod(Method(MethodType.ServerStreaming, "Watch"), Watch)
        .Build();

    /// <summary>The service, for <c>MapRpcService</c>.</summary>
    public ServerServiceDefinition Definition { get; }

    /// <summary>Sets whether a service can be called; those who watch it are told.</summary>
    /// <param name="service">Its full name, such as <c>package.Service</c>; empty for the server as a whole.</param>
    /// <param name="serving">Whether it can be called.</param>
    public void Set(string service, bool serving) => Change(() => _statuses[service] = serving ? ServingStatus.Serving : ServingStatus.NotServing);

    /// <summary>Says of everything that it cannot be called, for a server that is about to stop.</summary>
    public void SetNotServing() => Change(() =>
    {
        foreach (var service in _statuses.Keys)
            _statuses[service] = ServingStatus.NotServing;
    });

    private static Method<HealthCheckRequest, HealthCheckResponse> Method(MethodType type, string name) =>
        new(type, ServiceName, name, ProtobufMarshaller<HealthCheckRequest>.Instance, ProtobufMarshaller<HealthCheckResponse>.Instance);

    private void Change(Action change)
    {
        change();
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    private Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        _statuses.TryGetValue(request.Service, out var status)
            ? Task.FromResult(new HealthCheckResponse { Status = status })
            : throw new RpcException(new Status(StatusCode.NotFound, $"The service \"{request.Service}\" is not known."));

    private async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responses, ServerCallContext context)
    {
        for (ServingStatus? told = null; ;)
        {
            // Taken before the status is read: a change in between is seen in the next round.
            var changed = Volatile.Read(ref _changed).Task;
            var status = _statuses.GetValueOrDefault(request.Service, ServingStatus.ServiceUnknown);
            if (status != told)
                await responses.WriteAsync(new HealthCheckResponse { Status = status }).ConfigureAwait(false);
            told = status;
            await changed.WaitAsync(context.CancellationToken).ConfigureAwait(false);
        }
    }
}

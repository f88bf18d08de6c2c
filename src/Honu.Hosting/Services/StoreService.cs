using Google.Protobuf;
using Grpc.Core;
using Honu.Hosting.Protocol.Stores;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting.Services;

/// <summary>
/// Serves one store to clients (honu.store.v1). This file: how calls are let in and how they fail; calls that answer once.
/// What waits for other replicas: <c>StoreService.Consistency.cs</c>. Streams: <c>StoreService.Scan.cs</c>, <c>StoreService.Import.cs</c>, <c>StoreService.Watch.cs</c>.
/// </summary>
internal sealed partial class StoreService(HonuStore store, HonuServiceOptions options, ServiceGate gate, ILogger<StoreService> logger) : Store.StoreBase
{
    // HTTP/2's REFUSED_STREAM, which gRPC clients take as UNAVAILABLE.
    private const int RefusedStream = 7;

    public override Task<GetResponse> Get(GetRequest request, ServerCallContext context) => Answer(context, request.Needs, request.Namespace, () =>
    {
        var ns = Open(request.Namespace, request.Key);
        if (request.VersionOnly)
        {
            var known = ns.TryGetVersion(request.Key.Span, out var head);
            return WithToken(request.Needs, ns, head, known
                ? new GetResponse { Found = !head.IsDeleted, Object = ProtocolMapping.ToWire(ns.Name, request.Key, null, head) }
                : new GetResponse());
        }

        var value = ns.Get(request.Key.Span, out var version);
        return WithToken(request.Needs, ns, version, value is null
            ? new GetResponse()
            : new GetResponse { Found = true, Object = ProtocolMapping.ToWire(ns.Name, request.Key, UnsafeByteOperations.UnsafeWrap(value), version) });
    });

    public override Task<PutResponse> Put(PutRequest request, ServerCallContext context) => Answer(context, request.Needs, [request.Namespace], () =>
    {
        var write = RequestChecks.Options(request.Durability, request.TimeToLiveMs);
        var ns = Open(request.Namespace, request.Key);
        var version = ns.Put(request.Key.Span, request.Value.Span, write);
        return (new PutResponse { Object = ProtocolMapping.ToWire(ns.Name, request.Key, null, version) }, Written(request.Needs, ns, version));
    }, static (response, told) => response.Told = told);

    public override Task<TryPutResponse> TryPut(TryPutRequest request, ServerCallContext context) => Answer(context, request.Needs, [request.Namespace], () =>
    {
        var write = RequestChecks.Options(request.Durability, request.TimeToLiveMs);
        if (request.Expected is { Scalar: 0 })
            throw ServiceErrors.Invalid("An expected version has a scalar above 0. Leave it out to write only when there is no object.");
        var ns = Open(request.Namespace, request.Key);
        var written = ns.TryPut(request.Key.Span, request.Value.Span, ProtocolMapping.FromWire(request.Expected), out var version, write);
        var response = new TryPutResponse { Written = written };
        if (!version.IsNone)
            response.Object = ProtocolMapping.ToWire(ns.Name, request.Key, null, version);
        return (response, Written(request.Needs, ns, written ? version : default));
    }, static (response, told) => response.Told = told);

    public override Task<DeleteResponse> Delete(DeleteRequest request, ServerCallContext context) => Answer(context, request.Needs, [request.Namespace], () =>
    {
        var durability = RequestChecks.Options(request.Durability);
        var ns = Open(request.Namespace, request.Key);
        return ns.Delete(request.Key.Span, out var tombstone, durability)
            ? (new DeleteResponse { Deleted = true, Object = ProtocolMapping.ToWire(ns.Name, request.Key, null, tombstone) }, Written(request.Needs, ns, tombstone))
            : (new DeleteResponse(), Written(request.Needs, ns, default));
    }, static (response, told) => response.Told = told);

    public override Task<WriteResponse> Write(WriteRequest request, ServerCallContext context) => Answer(context, request.Needs, request.Needs is null ? [] : [.. request.Operations.Select(static operation => operation.Namespace)], () =>
    {
        var durability = RequestChecks.Options(request.Durability);
        RequestChecks.Operations(request.Operations.Count);
        var batch = new HonuWriteBatch();
        foreach (var operation in request.Operations)
        {
            RequestChecks.Operation(operation);
            Add(batch, operation);
        }

        var response = new WriteResponse();
        foreach (var version in store.Write(batch, durability))
            response.Versions.Add(ProtocolMapping.ToWire(version.Id));

        // A key that came twice is one operation of the batch: its namespaces stand for the versions, not those of the request.
        return (response, request.Needs is null ? Array.Empty<(string, VersionId)>() : [.. batch.Namespaces.Zip(response.Versions, static (ns, version) => (ns, ProtocolMapping.FromWire(version)))]);
    }, static (response, told) => response.Told = told);

    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context) =>
        Answer(context, () => StoreDescription.Status(store, request.IncludeStatistics));

    private void Add(HonuWriteBatch batch, Operation operation)
    {
        var ns = operation.Namespace.Length == 0 ? HonuStore.DefaultNamespace : operation.Namespace;
        if (operation.Delete)
            batch.Delete(ns, operation.Key.Span);
        else
            ImportRuns.Put(store, batch, ns, operation.Key.Span, operation.Value.Span, ProtocolMapping.FromWireTime(operation.ExpiresUnixMs));
    }

    private HonuNamespace Open(string ns, ByteString key)
    {
        var name = RequestChecks.Namespace(ns);
        RequestChecks.Key(key.Length);
        return store.Namespace(name);
    }

    private Task<T> Answer<T>(ServerCallContext context, Func<T> call)
    {
        try
        {
            using var pass = gate.Enter();
            return Task.FromResult(call());
        }
        catch (Exception e)
        {
            // Whatever the store throws has a status code; the transport sends it.
            return Task.FromException<T>(ServiceErrors.Map(e, context, logger));
        }
    }

    private async Task Stream(ServerCallContext context, Func<CancellationToken, Task> call)
    {
        try
        {
            using var pass = gate.Enter();
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, gate.Aborted);
            await call(linked.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // As above. A stopping server cannot say so behind pages that the client does not read: it resets the stream instead.
            if (gate.Aborted.IsCancellationRequested)
                context.GetHttpContext().Features.Get<IHttpResetFeature>()?.Reset(RefusedStream);
            throw ServiceErrors.Map(e, context, logger);
        }
    }
}

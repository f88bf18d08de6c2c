using Grpc.Core;
using Grpc.Core.Interceptors;
using Honu.Hosting.Protocol.Stores;
using Honu.Replication;

namespace Honu.Hosting.Security;

/// <summary>Stands before the store's and the operator's service: every call, and every message of a stream of requests, needs its right.</summary>
/// <remarks>A request that is not listed in <c>Check</c> needs the operator's right: what is added later is closed until somebody opens it.</remarks>
internal sealed class AccessInterceptor(CallerAccess access) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var caller = access.Identify(context);
        Check(caller, request);
        var response = await continuation(request, context).ConfigureAwait(false);
        if (response is StatusResponse status && access.HasGrants)
            Hide(caller, status);
        return response;
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(access.Identify(context), request);
        return continuation(request, responseStream, context);
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        continuation(new CheckedRequests<TRequest>(this, access.Identify(context), requestStream), context);

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        continuation(new CheckedRequests<TRequest>(this, access.Identify(context), requestStream), responseStream, context);

    private void Check(string? caller, object request)
    {
        if (!access.HasGrants)
            return;
        switch (request)
        {
            case GetRequest get:
                Require(caller, AccessRight.Read, get.Namespace);
                break;
            case HistoryRequest history:
                Require(caller, AccessRight.Read, history.Namespace);
                break;
            case ScanRequest { AllNamespaces: true } or ConflictsRequest { Namespace: "" } or WatchRequest { Namespaces.Count: 0 } or WaitRequest { Namespaces.Count: 0 }:
                access.RequireEverywhere(caller, AccessRight.Read);
                break;
            case ScanRequest scan:
                Require(caller, AccessRight.Read, scan.Namespace);
                break;
            case ConflictsRequest conflicts:
                Require(caller, AccessRight.Read, conflicts.Namespace);
                break;
            case WatchRequest watch:
                foreach (var name in watch.Namespaces)
                    Require(caller, AccessRight.Read, name);
                break;
            case WaitRequest wait:
                foreach (var name in wait.Namespaces)
                    Require(caller, AccessRight.Read, name);
                break;
            case PutRequest put:
                Require(caller, AccessRight.Write, put.Namespace);
                break;
            case TryPutRequest put:
                Require(caller, AccessRight.Write, put.Namespace);
                break;
            case DeleteRequest delete:
                Require(caller, AccessRight.Write, delete.Namespace);
                break;
            case WriteRequest write:
                Check(caller, write.Operations, isComparing: false);
                break;
            case ImportRequest import:
                Check(caller, import.Operations, import.SkipUnchanged);
                break;
            case StatusRequest:
                // Who the store is; the namespaces that the caller may not read are left out of the answer.
                access.RequireSomebody(caller);
                break;
            default:
                access.RequireEverywhere(caller, AccessRight.Admin);
                break;
        }
    }

    private void Check(string? caller, IEnumerable<Operation> operations, bool isComparing)
    {
        string? checkedLast = null;
        foreach (var operation in operations)
        {
            if (operation.Namespace == checkedLast)
                continue;
            Require(caller, AccessRight.Write, operation.Namespace);

            // What is left out as unchanged tells what the value is.
            if (isComparing)
                Require(caller, AccessRight.Read, operation.Namespace);
            checkedLast = operation.Namespace;
        }
    }

    private void Require(string? caller, AccessRight right, string ns) => access.Require(caller, right, ns.Length == 0 ? HonuStore.DefaultNamespace : ns);

    private void Hide(string? caller, StatusResponse status)
    {
        Keep(status.Namespaces, name => access.MayRead(caller, name));
        if (status.Statistics is { } statistics)
            Keep(statistics.Namespaces, item => access.MayRead(caller, item.Name));
    }

    private static void Keep<T>(Google.Protobuf.Collections.RepeatedField<T> items, Func<T, bool> isKept)
    {
        for (var i = items.Count - 1; i >= 0; i--)
        {
            if (!isKept(items[i]))
                items.RemoveAt(i);
        }
    }

    private sealed class CheckedRequests<T>(AccessInterceptor interceptor, string? caller, IAsyncStreamReader<T> requests) : IAsyncStreamReader<T>
        where T : class
    {
        public T Current => requests.Current;

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            if (!await requests.MoveNext(cancellationToken).ConfigureAwait(false))
                return false;
            interceptor.Check(caller, requests.Current);
            return true;
        }
    }
}

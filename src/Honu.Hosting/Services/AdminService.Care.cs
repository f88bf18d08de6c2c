using Google.Protobuf;
using Grpc.Core;
using Honu.Hosting.Protocol.Admin;

namespace Honu.Hosting.Services;

/// <content>What only an operator may decide: large deletions by a full reconcile, and records in quarantine. Needs no replica.</content>
internal sealed partial class AdminService
{
    public override async Task<AllowReconcileResponse> AllowReconcile(AllowReconcileRequest request, ServerCallContext context) => await Care(context, () =>
    {
        var ns = RequestChecks.Namespace(request.Namespace);
        return store.Replication.AllowReconcile(ns) ? new AllowReconcileResponse() : throw NotFound($"There is no namespace \"{ns}\".");
    }).ConfigureAwait(false);

    public override async Task ListQuarantined(ListQuarantinedRequest request, IServerStreamWriter<QuarantinedRecord> responseStream, ServerCallContext context)
    {
        try
        {
            using var pass = gate.Enter();
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, gate.Aborted);
            foreach (var ns in QuarantineNames(request.Namespace))
            {
                foreach (var held in store.Replication.Quarantined(ns))
                    await responseStream.WriteAsync(Describe(held), linked.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            // Whatever the store throws has a status code; the transport sends it.
            throw ServiceErrors.Map(e, context, logger);
        }
    }

    public override async Task<ChangeQuarantineResponse> ChangeQuarantine(ChangeQuarantineRequest request, ServerCallContext context) =>
        await Care(context, () => request.Discard.IsEmpty ? Retry(request) : Discard(request)).ConfigureAwait(false);

    private ChangeQuarantineResponse Retry(ChangeQuarantineRequest request)
    {
        var response = new ChangeQuarantineResponse();
        foreach (var ns in QuarantineNames(request.Namespace))
        {
            response.Taken += (ulong)store.Replication.RetryQuarantined(ns);
            response.Left += (ulong)store.Replication.State(ns).Quarantined;
        }

        return response;
    }

    private ChangeQuarantineResponse Discard(ChangeQuarantineRequest request)
    {
        var ns = RequestChecks.Namespace(request.Namespace);
        RequestChecks.Key(request.Discard.Length);
        var held = store.Replication.Quarantined(ns).FirstOrDefault(held => held.Key.Span.SequenceEqual(request.Discard.Span));
        return held is not null && store.Replication.DiscardQuarantined(ns, request.Discard.Span, held.Version.Id)
            ? new ChangeQuarantineResponse { Taken = 1, Left = (ulong)store.Replication.State(ns).Quarantined, Discarded = Describe(held) }
            : throw NotFound($"Nothing is in quarantine under that key in namespace \"{ns}\".");
    }

    private IReadOnlyList<string> QuarantineNames(string ns) => ns.Length == 0 ? store.Namespaces : [RequestChecks.Namespace(ns)];

    private static QuarantinedRecord Describe(QuarantinedObject held) => new()
    {
        Object = ProtocolMapping.ToWire(held.Namespace, ByteString.CopyFrom(held.Key.Span), value: null, held.Version),
        Reason = held.Reason,
        SinceUnixMillis = UnixMs(held.Since),
    };

    private static RpcException NotFound(string message) => new(new Status(StatusCode.NotFound, message.ReplaceLineEndings(" ")));

    private Task<TResponse> Care<TResponse>(ServerCallContext context, Func<TResponse> work)
    {
        try
        {
            using var pass = gate.Enter();
            return Task.FromResult(work());
        }
        catch (Exception e)
        {
            // As above.
            throw ServiceErrors.Map(e, context, logger);
        }
    }
}

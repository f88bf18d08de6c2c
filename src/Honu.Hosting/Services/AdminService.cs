using Grpc.Core;
using Honu.Hosting.Protocol.Admin;
using Honu.Replication;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting.Services;

/// <summary>What operators ask of a replica (honu.admin.v1). Without a replica host it tells who the store is and refuses sessions.</summary>
internal sealed partial class AdminService(HonuStore store, ReplicaHost? replica, ServiceGate gate, ILogger<AdminService> logger) : Admin.AdminBase
{
    public override async Task<StatusResponse> Status(StatusRequest request, ServerCallContext context)
    {
        try
        {
            using var pass = gate.Enter();
            return await Describe(request.IncludeFigures, context.CancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever the store throws has a status code; the transport sends it.
            throw ServiceErrors.Map(e, context, logger);
        }
    }

    public override async Task<SyncResponse> Sync(SyncRequest request, ServerCallContext context)
    {
        try
        {
            using var pass = gate.Enter();
            var host = Replica();
            if (!PeerName.IsWellFormed(request.Peer))
                throw ServiceErrors.Invalid("A peer is written PID, HOST:PORT or PID@HOST:PORT.");
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, gate.Aborted);
            return Describe(await (request.Verify ? host.VerifyAsync(request.Peer, linked.Token) : host.SyncAsync(request.Peer, linked.Token)).ConfigureAwait(false));
        }
        catch (HonuReplicationException e)
        {
            // The session was run and ended without success: its outcome decides the status.
            throw Failure(e);
        }
        catch (Exception e)
        {
            // As above.
            throw ServiceErrors.Map(e, context, logger);
        }
    }

    private ReplicaHost Replica() => replica
        ?? throw new RpcException(new Status(StatusCode.FailedPrecondition, "This server does not replicate. Start it as a replica: honu serve does."));

    private static string OutcomeName(SyncOutcome outcome) => outcome switch
    {
        SyncOutcome.Completed => "completed",
        SyncOutcome.Equal => "equal",
        SyncOutcome.Unreachable => "unreachable",
        SyncOutcome.Interrupted => "interrupted",
        _ => "refused",
    };

    private static string StateName(PeerState state) => state switch
    {
        PeerState.Active => "active",
        PeerState.Unreachable => "unreachable",
        PeerState.Interrupted => "interrupted",
        PeerState.Refused => "refused",
        PeerState.Self => "self",
        _ => "unknown",
    };

    private static RpcException Failure(HonuReplicationException e) => new(new Status(
        e.Outcome == SyncOutcome.Refused ? StatusCode.PermissionDenied : StatusCode.Aborted,
        e.Message.ReplaceLineEndings(" ")));

    private static SyncResponse Describe(SyncReport report)
    {
        var response = new SyncResponse
        {
            Initiator = ProtocolMapping.ToWire(report.Initiator),
            Responder = ProtocolMapping.ToWire(report.Responder),
            RoundTrips = (uint)report.RoundTrips,
            BytesSent = (ulong)report.BytesSent,
            BytesReceived = (ulong)report.BytesReceived,
            ObjectsSent = (ulong)report.ObjectsSent,
            ObjectsReceived = (ulong)report.ObjectsReceived,
            DurationMicros = (ulong)report.Duration.TotalMicroseconds,
            RoundTripMicros = (ulong)(report.RoundTrip?.TotalMicroseconds ?? 0),
            ObjectsDeferred = (ulong)report.ObjectsDeferred,
            ObjectsRepaired = (ulong)report.ObjectsRepaired,
            DigestMismatches = (ulong)report.DigestMismatches,
            NamespacesCompared = (ulong)report.NamespacesCompared,
            ComparisonsSkipped = (ulong)report.ComparisonsSkipped,
            Outcome = OutcomeName(report.Outcome),
        };
        foreach (var (kind, count) in report.Updates.ToDictionary())
            response.Kinds.Add(StoreDescription.KindName(kind), (ulong)count);
        return response;
    }
}

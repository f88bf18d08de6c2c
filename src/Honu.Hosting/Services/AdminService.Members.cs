using Grpc.Core;
using Honu.Hosting.Protocol.Admin;
using Honu.Replication;
using WirePeer = Honu.Hosting.Protocol.Admin.KnownPeer;

namespace Honu.Hosting.Services;

/// <content>Peers and subscriptions: what there is, and changes.</content>
internal sealed partial class AdminService
{
    public override Task<ListPeersResponse> ListPeers(ListPeersRequest request, ServerCallContext context) => Run(context, async (replica, cancellationToken) =>
    {
        var status = await replica.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var members = status.Members.ToDictionary(static member => member.Replica.Pid);
        var response = new ListPeersResponse();
        foreach (var peer in status.Peers)
        {
            var known = new WirePeer
            {
                Address = peer.Address,
                Region = peer.Region ?? "",
                Origin = OriginName(peer.Origin),
                Connection = StateName(peer.State),
                LastSuccessUnixMillis = UnixMs(peer.LastSuccess),
                LastError = peer.LastError ?? "",
            };
            var pid = peer.Replica?.Pid ?? (PeerAddress.TryParse(peer.Address, out var address) ? address.Pid : null);
            if (pid is { } who && members.Remove(who, out var member))
                AddMember(known, member);
            response.Peers.Add(known);
        }

        foreach (var member in members.Values.OrderBy(static member => member.Replica.Pid))
        {
            var known = new WirePeer { Address = member.Address ?? "", Origin = OriginName(PeerOrigin.Learned) };
            AddMember(known, member);
            response.Peers.Add(known);
        }

        return response;
    });

    public override Task<ChangePeersResponse> ChangePeers(ChangePeersRequest request, ServerCallContext context) => Run(context, async (replica, cancellationToken) =>
    {
        await (request.ChangeCase switch
        {
            ChangePeersRequest.ChangeOneofCase.Add => replica.AddPeerAsync(request.Add, cancellationToken),
            ChangePeersRequest.ChangeOneofCase.Remove => replica.RemovePeerAsync(request.Remove, cancellationToken),
            ChangePeersRequest.ChangeOneofCase.Retire => replica.RetireMemberAsync(request.Retire, cancellationToken),
            ChangePeersRequest.ChangeOneofCase.Forget => replica.ForgetMemberAsync(request.Forget, cancellationToken),
            _ => throw ServiceErrors.Invalid("A change of the peers says what to add, remove, retire or forget."),
        }).ConfigureAwait(false);
        return new ChangePeersResponse();
    });

    public override Task<SubscriptionsResponse> Subscriptions(SubscriptionsRequest request, ServerCallContext context) => Run(context, async (replica, cancellationToken) =>
    {
        if (request.ChangeCase == SubscriptionsRequest.ChangeOneofCase.Add)
            await replica.AddSubscriptionAsync(request.Add, cancellationToken).ConfigureAwait(false);
        else if (request.ChangeCase == SubscriptionsRequest.ChangeOneofCase.Remove)
            await replica.RemoveSubscriptionAsync(request.Remove, request.Drop, cancellationToken).ConfigureAwait(false);
        var response = new SubscriptionsResponse();
        response.Patterns.Add(await replica.GetSubscriptionsAsync(cancellationToken).ConfigureAwait(false));
        return response;
    });

    private static void AddMember(WirePeer known, MemberSnapshot member)
    {
        known.Replica = ProtocolMapping.ToWire(member.Replica);
        known.StoreId = member.Store.ToString();
        known.State = StateName(member.State);
        known.LastHeardUnixMillis = UnixMs(member.LastHeard);
        if (known.Region.Length == 0)
            known.Region = member.Region ?? "";
    }

    private async Task<TResponse> Run<TResponse>(ServerCallContext context, Func<ReplicaHost, CancellationToken, Task<TResponse>> work)
    {
        try
        {
            using var pass = gate.Enter();
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, gate.Aborted);
            return await work(Replica(), linked.Token).ConfigureAwait(false);
        }
        catch (KeyNotFoundException e)
        {
            throw new RpcException(new Status(StatusCode.NotFound, e.Message.ReplaceLineEndings(" ")));
        }
        catch (Exception e)
        {
            // Whatever the store throws has a status code; the transport sends it.
            throw ServiceErrors.Map(e, context, logger);
        }
    }
}

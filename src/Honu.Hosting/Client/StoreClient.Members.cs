using Honu.Hosting.Protocol.Admin;

namespace Honu.Hosting;

/// <content>Peers and subscriptions of the server's replica.</content>
public sealed partial class StoreClient
{
    /// <summary>Asks which peers and members the server's replica knows.</summary>
    public async Task<IReadOnlyList<KnownPeer>> GetPeersAsync(CancellationToken cancellationToken = default)
    {
        var response = await _server.Call(call => _server.Admin.ListPeersAsync(new ListPeersRequest(), call), cancellationToken).ConfigureAwait(false);
        return [.. response.Peers.Select(InfoMapping.FromWire)];
    }

    /// <summary>Adds a peer to the server's replica, which is kept in its store.</summary>
    /// <param name="address"><c>HOST:PORT</c>, or <c>PID@HOST:PORT</c> to insist on who answers.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task AddPeerAsync(string address, CancellationToken cancellationToken = default) => Change(new ChangePeersRequest { Add = address }, cancellationToken);

    /// <summary>Takes a peer back that was added.</summary>
    public Task RemovePeerAsync(string address, CancellationToken cancellationToken = default) => Change(new ChangePeersRequest { Remove = address }, cancellationToken);

    /// <summary>Tells the server's replica that a member has left for good; see <see cref="ReplicaHost.RetireMemberAsync"/>.</summary>
    public Task RetireMemberAsync(uint pid, CancellationToken cancellationToken = default) => Change(new ChangePeersRequest { Retire = pid }, cancellationToken);

    /// <summary>Takes a retired member out of the server's list.</summary>
    public Task ForgetMemberAsync(uint pid, CancellationToken cancellationToken = default) => Change(new ChangePeersRequest { Forget = pid }, cancellationToken);

    /// <summary>Asks what the server's replica exchanges with others; <c>*</c> is everything.</summary>
    public Task<IReadOnlyList<string>> GetSubscriptionsAsync(CancellationToken cancellationToken = default) => Change(new SubscriptionsRequest(), cancellationToken);

    /// <summary>Adds a subscription to the server's replica, which is kept in its store.</summary>
    /// <param name="pattern">A namespace, or a prefix of names that ends with <c>*</c>.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>What it subscribes to now.</returns>
    public Task<IReadOnlyList<string>> AddSubscriptionAsync(string pattern, CancellationToken cancellationToken = default) =>
        Change(new SubscriptionsRequest { Add = pattern }, cancellationToken);

    /// <summary>Takes a subscription from the server's replica.</summary>
    /// <param name="pattern">As it was added.</param>
    /// <param name="drop">Whether the namespaces that it alone wanted go from that store, with everything in them.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>What it subscribes to now.</returns>
    public Task<IReadOnlyList<string>> RemoveSubscriptionAsync(string pattern, bool drop, CancellationToken cancellationToken = default) =>
        Change(new SubscriptionsRequest { Remove = pattern, Drop = drop }, cancellationToken);

    private Task<ChangePeersResponse> Change(ChangePeersRequest request, CancellationToken cancellationToken) =>
        _server.Call(call => _server.Admin.ChangePeersAsync(request, call), cancellationToken);

    // Dropping takes as long as there is data.
    private async Task<IReadOnlyList<string>> Change(SubscriptionsRequest request, CancellationToken cancellationToken)
    {
        var response = request.Drop
            ? await _server.CallWithoutDeadline(call => _server.Admin.SubscriptionsAsync(request, call), cancellationToken).ConfigureAwait(false)
            : await _server.Call(call => _server.Admin.SubscriptionsAsync(request, call), cancellationToken).ConfigureAwait(false);
        return [.. response.Patterns];
    }
}

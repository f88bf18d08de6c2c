using System.Net;
using Honu.Replication;

namespace Honu.Hosting;

public sealed partial class ReplicaHost
{
    /// <summary>Adds a peer, which is kept in the store.</summary>
    /// <param name="peer"><c>HOST:PORT</c>, or <c>PID@HOST:PORT</c> to insist on who answers.</param>
    /// <param name="cancellationToken">Stops the waiting, not the change.</param>
    /// <exception cref="ArgumentException">It is no address, or a configured peer, or the connection would be plaintext to another machine and that is not allowed.</exception>
    public Task AddPeerAsync(string peer, CancellationToken cancellationToken)
    {
        var address = ParseAddress(peer);
        if (!_replica.MayConnect(address))
            throw new ArgumentException($"Peer {peer} is another machine and the connection would be plaintext: use TLS, or allow it explicitly (AllowInsecure, --allow-insecure).", nameof(peer));
        return HandleAsync(new ReplicaEvent.PeerAdded(address), cancellationToken);
    }

    /// <summary>Takes back a peer that was added.</summary>
    /// <param name="peer">Its address.</param>
    /// <param name="cancellationToken">Stops the waiting, not the change.</param>
    /// <exception cref="ArgumentException">It is no address, or one that was not added but configured or learned.</exception>
    /// <exception cref="KeyNotFoundException">There is no peer at that address.</exception>
    public Task RemovePeerAsync(string peer, CancellationToken cancellationToken) =>
        HandleAsync(new ReplicaEvent.PeerRemoved(ParseAddress(peer)), cancellationToken);

    /// <summary>Tells that a member has left for good: no deletion is kept for it any more. If it comes back after all, it is active again and gets everything anew.</summary>
    /// <exception cref="KeyNotFoundException">No such member is known.</exception>
    public Task RetireMemberAsync(uint pid, CancellationToken cancellationToken) => HandleAsync(new ReplicaEvent.MemberRetired(pid), cancellationToken);

    /// <summary>Takes a retired member out of the list. Others that still know it tell of it again.</summary>
    /// <exception cref="KeyNotFoundException">No such member is known, or it is not retired.</exception>
    public Task ForgetMemberAsync(uint pid, CancellationToken cancellationToken) => HandleAsync(new ReplicaEvent.MemberForgotten(pid), cancellationToken);

    /// <summary>The patterns of the namespaces that are exchanged with others; <c>*</c> is everything.</summary>
    public async Task<IReadOnlyList<string>> GetSubscriptionsAsync(CancellationToken cancellationToken) =>
        (await AskAsync(() => _replica.Subscriptions, cancellationToken).ConfigureAwait(false)).Patterns;

    /// <summary>Adds a subscription, which is kept in the store. What others hold of it comes with the next sessions.</summary>
    /// <param name="pattern">A namespace, or a prefix of names that ends with <c>*</c>.</param>
    /// <param name="cancellationToken">Stops the waiting, not the change.</param>
    /// <exception cref="ArgumentException">The pattern has a wrong length, or there are too many.</exception>
    public Task AddSubscriptionAsync(string pattern, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return HandleAsync(new ReplicaEvent.SubscriptionAdded(pattern), cancellationToken);
    }

    /// <summary>Gives a subscription up: what it alone wanted is not exchanged any more.</summary>
    /// <param name="pattern">As it was added.</param>
    /// <param name="drop">Whether these namespaces go from this store, with everything in them. Others keep theirs.</param>
    /// <param name="cancellationToken">Stops the waiting, not the change.</param>
    /// <exception cref="KeyNotFoundException">There is no such subscription.</exception>
    public async Task RemoveSubscriptionAsync(string pattern, bool drop, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        await HandleAsync(new ReplicaEvent.SubscriptionRemoved(pattern, drop), cancellationToken).ConfigureAwait(false);

        // Not in the loop: removing much takes long, and sessions of other namespaces go on meanwhile.
        if (drop)
            await Task.Run(_store.Replication.FinishDrops, CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Before the start: the server's addresses, of which the first that others can use is told to them, if the options want that.</summary>
    internal void AdvertiseListenAddress(IEnumerable<string> addresses)
    {
        if (!_advertisesListenAddress)
            return;
        foreach (var text in addresses)
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out var uri)
                || (IPAddress.TryParse(uri.DnsSafeHost, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)))
                || !PeerAddress.TryParse(uri.Authority, out var address))
                continue;
            _replica.Advertise(address);
            return;
        }
    }

    private static PeerAddress ParseAddress(string peer) =>
        PeerAddress.TryParse(peer, out var address) ? address : throw new ArgumentException($"\"{peer}\" is no peer address; write HOST:PORT or PID@HOST:PORT.", nameof(peer));

    // In the loop like any event, but what it throws belongs to the one who asked.
    private Task<bool> HandleAsync(ReplicaEvent change, CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            React(change);
            return true;
        },
        cancellationToken);
}

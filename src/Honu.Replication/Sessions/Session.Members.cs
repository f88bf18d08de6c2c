using Honu.Replication.Messages;

namespace Honu.Replication;

/// <content>
/// Who the two are and what both want. Each says in its Hello where it is reached, what it subscribes to, and a digest of the members that
/// it knows. Who finds that the other may lack something sends its members once, before its Complete.
/// </content>
internal sealed partial class Session
{
    private SubscriptionList _ourSubscriptions = SubscriptionList.Everything;
    private SubscriptionList _theirSubscriptions = SubscriptionList.Everything;
    private bool _receivedMembers;

    private Membership Membership => _context.Membership;

    /// <summary>Whether this replica itself answered.</summary>
    public bool IsSelf { get; private set; }

    /// <summary>Ends the session because what is exchanged has changed: another one begins with what counts now.</summary>
    public void EndForNewSubscriptions(TimeSpan now)
    {
        if (Report is null)
            Refuse(Refusal.Types.Reason.Retry, "the subscriptions of this replica have changed", now);
    }

    // A living copy of the store runs in another process; this one can only be our own.
    private bool IsOwnHello(Hello hello) =>
        SessionHello.ToGuid(hello.StoreId) == Store.Identity.StoreId && hello.Run.Length > 0 && SessionHello.ToGuid(hello.Run) == Store.RunId;

    private void MeetSelf(TimeSpan now)
    {
        IsSelf = true;

        // The side that called learns from the answer who answered.
        if (!IsInitiator)
            SayHello();
        Refuse(Refusal.Types.Reason.Identity, "the address is that of this replica itself", now);
    }

    private void Meet(Hello hello)
    {
        _theirSubscriptions = SubscriptionList.FromWire(hello.Subscriptions);
        Membership.Hear(Remote!.Value, SessionHello.ToGuid(hello.StoreId), hello.Address, hello.Region, _theirSubscriptions);
    }

    private bool IsShared(string ns) => Access.Exchanges(ns) && _ourSubscriptions.Wants(ns) && _theirSubscriptions.Wants(ns);

    private void TellMembersIfTheyDiffer(Hello hello)
    {
        if (hello.MembersDigest.Length > 0 && !Membership.Members.IsKnownTo(hello.MembersDigest))
            Send(new SessionMessage { Members = Membership.Members.ToMessage() });
    }

    private void ReceiveMembers(Members members)
    {
        _receivedMembers = true;
        Membership.Members.Merge(members);
    }
}

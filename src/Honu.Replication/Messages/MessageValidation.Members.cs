using Honu.Replication.Messages;

namespace Honu.Replication;

/// <content>What Hello says of membership and subscriptions, and the Members message.</content>
internal static partial class MessageValidation
{
    private const int DigestBytes = 8;

    private static string? FindMembershipFault(Hello hello)
    {
        if (hello.MembersDigest.Length is not (0 or DigestBytes))
            return "a digest of members does not have 8 bytes";
        if (!IsAddress(hello.Address))
            return "an address makes no sense";
        if (hello.Subscriptions.Count > SubscriptionList.MaxPatterns)
            return "there are too many subscriptions";

        // The empty name alone says that nothing is wanted.
        if (hello.Subscriptions is [""])
            return null;
        return hello.Subscriptions.All(SubscriptionList.IsPattern) ? null : "a subscription has a wrong length";
    }

    private static string? FindFault(Members members)
    {
        if (members.Members_.Count > MessageLimits.MaxMembers)
            return "there are too many members";
        var seen = new HashSet<uint>();
        foreach (var member in members.Members_)
        {
            var pid = ReplicaId.FromUInt64(member.Replica).Pid;
            if (pid == 0 || !seen.Add(pid))
                return "a member has no pid or is named twice";
            if (member.StoreId.Length != IdBytes)
                return "a member's store id does not have 16 bytes";
            if (!IsAddress(member.Address) || !IsText(member.Region, MessageLimits.NameBytes))
                return "a member's address or region makes no sense";
            if (!Enum.IsDefined(member.State))
                return "a member's state is not known";
        }

        return null;
    }

    // A pid in front of it is the matter of whoever configures the address.
    private static bool IsAddress(string address) =>
        address.Length == 0 || (IsText(address, MessageLimits.NameBytes) && PeerAddress.TryParse(address, out var parsed) && parsed.Pid is null);
}

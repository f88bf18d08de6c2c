using System.Buffers.Binary;
using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Builds the Hello of this replica, and judges that of another one.</summary>
internal static class SessionHello
{
    private const int IdBytes = 16;

    /// <summary>Length of the random bytes that name a session.</summary>
    public const int NonceBytes = 8;

    public static Hello Build(ReplicationPort store, IReadOnlyDictionary<string, NamespaceDescription> namespaces)
    {
        var identity = store.Identity;
        var hello = new Hello
        {
            ProtocolMin = MessageLimits.ProtocolMin,
            ProtocolMax = MessageLimits.ProtocolMax,
            Cluster = identity.Cluster,
            StoreId = ToBytes(identity.StoreId),
            Incarnation = ToBytes(identity.Incarnation),
            Replica = identity.Replica.ToUInt64(),
            Clock = (uint)identity.Clock,
            Region = store.Description.Region ?? "",
            Owner = store.Description.Owner ?? "",
            MaxValueBytes = (uint)store.MaxValueBytes,
            WindowBytes = MessageLimits.WindowBytes,
            Run = ToBytes(store.RunId),
        };
        foreach (var (name, description) in namespaces)
        {
            hello.Namespaces.Add(new NamespaceSummary
            {
                Name = name,
                Summary = UnsafeByteOperations.UnsafeWrap(description.Summary),
                Digest = description.Digest is { } digest ? ToBytes(digest) : ByteString.Empty,
                Durable = description.IsDurable,
            });
        }

        return hello;
    }

    /// <summary>Why this replica and the sender of <paramref name="hello"/> must not exchange anything, or <see langword="null"/>.</summary>
    public static Refusal? FindObjection(ReplicationPort store, Hello hello, uint? expectedPid)
    {
        var own = store.Identity;
        var replica = ReplicaId.FromUInt64(hello.Replica);
        if (hello.ProtocolMin > MessageLimits.ProtocolMax || hello.ProtocolMax < MessageLimits.ProtocolMin)
            return No(Refusal.Types.Reason.Protocol, $"replica {own.Replica} speaks protocols {MessageLimits.ProtocolMin} to {MessageLimits.ProtocolMax}, replica {replica} speaks {hello.ProtocolMin} to {hello.ProtocolMax}: upgrade the older one");
        if (hello.Cluster != own.Cluster)
            return No(Refusal.Types.Reason.Cluster, $"replica {own.Replica} belongs to cluster \"{own.Cluster}\", replica {replica} to \"{hello.Cluster}\": give both the same --cluster");
        if (IsCopy(store, hello) && (hello.Run.Length != IdBytes || ToGuid(hello.Run) == store.RunId))
            return No(Refusal.Types.Reason.Identity, $"the peer is store {own.StoreId} itself: remove the address from its own peers");
        if (replica.Pid == own.Replica.Pid && !IsCopy(store, hello))
            return No(Refusal.Types.Reason.Identity, $"two stores ({own.StoreId} and {ToGuid(hello.StoreId)}) have the pid {replica.Pid}: give one of them another --pid");
        if (store.FindStore(replica.Pid) is { } known && known != ToGuid(hello.StoreId))
            return No(Refusal.Types.Reason.Identity, $"pid {replica.Pid} belongs to store {known}; store {ToGuid(hello.StoreId)} cannot write under the same pid, or writes would be confused: give it another --pid");
        if (expectedPid is { } pid && pid != replica.Pid)
            return No(Refusal.Types.Reason.Identity, $"pid {pid} was expected at this address, pid {replica.Pid} answered");
        if (hello.Clock != (uint)own.Clock)
            return No(Refusal.Types.Reason.Clock, $"replica {own.Replica} counts versions with the {own.Clock} clock, replica {replica} with another: clocks are chosen when a store is created and cannot be mixed");
        if (hello.MaxValueBytes != (uint)store.MaxValueBytes)
            return No(Refusal.Types.Reason.Protocol, $"replica {own.Replica} takes values of up to {store.MaxValueBytes} bytes, replica {replica} of up to {hello.MaxValueBytes}: MaxValueBytes must be the same");
        return null;
    }

    /// <summary>What a session that gets nonsense is ended with.</summary>
    public static HonuException Malformed(string message) => new(HonuErrorCode.MalformedRecord, message);

    /// <summary>Whether the sender writes under the very name of this replica, in another process (R12): a byte for byte copy of its directory, which nothing has told that it is one.</summary>
    public static bool IsTwin(ReplicationPort store, Hello hello) =>
        IsCopy(store, hello) && hello.Replica == store.Identity.Replica.ToUInt64() && hello.Run.Length == IdBytes && ToGuid(hello.Run) != store.RunId;

    // A copy of a directory keeps the store id. Under another epoch it is a replica like any other.
    private static bool IsCopy(ReplicationPort store, Hello hello) => ToGuid(hello.StoreId) == store.Identity.StoreId;

    public static Guid ToGuid(ByteString bytes) => new(bytes.Span, bigEndian: true);

    private static Refusal No(Refusal.Types.Reason reason, string message) => new() { Reason = reason, Message = message };

    private static ByteString ToBytes(UInt128 digest)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, digest);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private static ByteString ToBytes(Guid id) => UnsafeByteOperations.UnsafeWrap(id.ToByteArray(bigEndian: true));
}

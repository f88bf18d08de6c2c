using Google.Protobuf;
using Google.Protobuf.Collections;
using Honu.Hosting.Protocol.Objects;
using WireObject = Honu.Hosting.Protocol.Objects.Object;
using WireVersion = Honu.Hosting.Protocol.Objects.Version;

namespace Honu.Hosting.Services;

/// <summary>Between the store's types and the messages of honu.object.v1, both ways.</summary>
internal static class ProtocolMapping
{
    private const long MaxUnixMs = (long)(StoreLimits.MaxScalar >> 16);

    public static Replica ToWire(ReplicaId replica) => new() { Pid = replica.Pid, Epoch = replica.Epoch };

    public static WireVersion ToWire(VersionId version) =>
        new() { Scalar = version.Scalar, Pid = version.Replica.Pid, Epoch = version.Replica.Epoch };

    public static WireObject ToWire(string ns, ByteString key, ByteString? value, in ObjectVersion version, bool lostConflict = false)
    {
        var result = new WireObject
        {
            Namespace = ns,
            Key = key,
            Deleted = version.IsDeleted,
            ValueBytes = (ulong)version.ValueLength,
            LostConflict = lostConflict,
            ExpiresUnixMs = version.Expires?.ToUnixTimeMilliseconds() ?? 0,
            Version = ToWire(version.Id),
            Creator = ToWire(version.Creator),
        };
        if (value is not null)
            result.Value = value;
        if (!version.Parent.IsNone)
            result.Parent = ToWire(version.Parent);
        return result;
    }

    public static void AddVector(RepeatedField<VectorEntry> target, IEnumerable<KeyValuePair<ReplicaId, ulong>> vector)
    {
        foreach (var (replica, scalar) in vector.OrderBy(static entry => entry.Key))
            target.Add(new VectorEntry { Pid = replica.Pid, Epoch = replica.Epoch, Scalar = scalar });
    }

    public static ReplicaId FromWire(Replica? replica) => replica is null ? default : new ReplicaId(replica.Pid, replica.Epoch);

    public static VersionId FromWire(WireVersion? version) =>
        version is null ? default : new VersionId(version.Scalar, new ReplicaId(version.Pid, version.Epoch));

    public static ObjectVersion VersionOf(WireObject? item) => item is null
        ? default
        : new ObjectVersion(FromWire(item.Version), FromWire(item.Parent), FromWire(item.Creator), item.Deleted, (long)item.ValueBytes)
        {
            Expires = FromWireTime(item.ExpiresUnixMs),
        };

    /// <summary>A time that may be missing; one that no record can have becomes the nearest that it can.</summary>
    public static DateTimeOffset? FromWireTime(long unixMs) => unixMs == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(unixMs, 1, MaxUnixMs));

    public static StoreObject FromWire(WireObject item) =>
        new(item.Namespace, item.Key.Memory, item.Value.Memory, VersionOf(item), item.LostConflict);

    public static Dictionary<ReplicaId, ulong> FromWire(RepeatedField<VectorEntry> vector)
    {
        var result = new Dictionary<ReplicaId, ulong>(vector.Count);
        foreach (var entry in vector)
            result[new ReplicaId(entry.Pid, entry.Epoch)] = entry.Scalar;
        return result;
    }

    public static StoreInfoIdentity FromWire(Identity? identity) => identity is null
        ? new StoreInfoIdentity(Guid.Empty, default, "", "", "")
        : new StoreInfoIdentity(
            Guid.TryParse(identity.StoreId, out var id) ? id : Guid.Empty,
            FromWire(identity.Replica),
            identity.Cluster,
            identity.Region,
            identity.Clock);
}

using System.Buffers.Binary;

namespace Honu;

/// <summary>Who a store is. Lives in the same database as the data, so it cannot be copied or lost apart from them.</summary>
public sealed record StoreIdentity
{
    /// <summary>The stamp of a store that was never opened where it lies, such as a backup: no directory has it, so the first opening takes a new epoch.</summary>
    internal const long NeverOpened = -1;

    private const int FixedBytes = 50;

    /// <summary>Drawn when the store was created; tells two stores with the same pid apart.</summary>
    public required Guid StoreId { get; init; }

    /// <summary>The name under which this store writes versions.</summary>
    public required ReplicaId Replica { get; init; }

    /// <summary>Drawn with every epoch: tells two copies of one store apart.</summary>
    public required Guid Incarnation { get; init; }

    /// <summary>The cluster that the store belongs to; empty when none was ever named. Replicas of different clusters refuse each other.</summary>
    public required string Cluster { get; init; }

    /// <summary>How the store counts versions, chosen at its creation.</summary>
    public required VersionClock Clock { get; init; }

    /// <summary>Whether the user chose the pid; a drawn one may still be replaced by a chosen one.</summary>
    public required bool PidIsGiven { get; init; }

    /// <summary>When the directory's marker file was born, in ticks; 0 where there is none. A copied or restored directory has another one, and takes a new epoch.</summary>
    internal long DirectoryStamp { get; init; }

    internal byte[] Encode()
    {
        var cluster = StoreLimits.StrictUtf8.GetBytes(Cluster);
        var bytes = new byte[FixedBytes + cluster.Length];
        StoreId.TryWriteBytes(bytes, bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), Replica.ToUInt64());
        Incarnation.TryWriteBytes(bytes.AsSpan(24), bigEndian: true, out _);
        bytes[40] = (byte)Clock;
        bytes[41] = PidIsGiven ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(42), DirectoryStamp);
        cluster.CopyTo(bytes, FixedBytes);
        return bytes;
    }

    internal static StoreIdentity? Decode(ReadOnlySpan<byte> bytes) =>
        bytes.Length < FixedBytes || bytes[40] > (byte)VersionClock.Lamport ? null : new StoreIdentity
        {
            StoreId = new Guid(bytes[..16], bigEndian: true),
            Replica = ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..])),
            Incarnation = new Guid(bytes.Slice(24, 16), bigEndian: true),
            Clock = (VersionClock)bytes[40],
            PidIsGiven = bytes[41] != 0,
            DirectoryStamp = BinaryPrimitives.ReadInt64LittleEndian(bytes[42..]),
            Cluster = StoreLimits.StrictUtf8.GetString(bytes[FixedBytes..]),
        };
}

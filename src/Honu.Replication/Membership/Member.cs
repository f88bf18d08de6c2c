using System.Text;

namespace Honu.Replication;

/// <summary>The row of one member as all replicas share it: a state that only grows, so that it does not matter in which order news arrive.</summary>
/// <param name="Replica">Which replica, in its latest known epoch.</param>
/// <param name="Store">Its store.</param>
/// <param name="Address">Where it is reached; empty when it does not say.</param>
/// <param name="Region">Where it stands; empty when unknown.</param>
/// <param name="IsRetired">Whether it has left.</param>
/// <param name="Revision">Grows with every change of the row: the Unix millisecond of the change, or one more than the revision before.</param>
/// <param name="HeardUnixMs">The day on which anybody last heard from it. Days, because a finer time would differ at every comparison.</param>
internal sealed record Member(ReplicaId Replica, Guid Store, string Address, string Region, bool IsRetired, ulong Revision, ulong HeardUnixMs)
{
    private const byte Layout = 1;

    /// <summary>What <see cref="HeardUnixMs"/> is a multiple of.</summary>
    public const ulong DayMs = 24 * 60 * 60 * 1000;

    /// <summary>The row after somebody has told <paramref name="other"/>: the greater revision counts, and the later day.</summary>
    public Member Join(Member other)
    {
        var winner = other.CompareTo(this) > 0 ? other : this;
        return winner with { HeardUnixMs = Math.Max(HeardUnixMs, other.HeardUnixMs) };
    }

    /// <summary>Whether two rows say the same of the member, whatever their age.</summary>
    public bool SaysTheSame(Member other) =>
        Replica == other.Replica && Store == other.Store && Address == other.Address && Region == other.Region && IsRetired == other.IsRetired;

    public byte[] Encode(bool isRetiredHere)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(Layout);
        writer.Write((byte)((IsRetired ? 1 : 0) | (isRetiredHere ? 2 : 0)));
        writer.Write(Replica.ToUInt64());
        writer.Write(Store.ToByteArray(bigEndian: true));
        writer.Write(Revision);
        writer.Write(HeardUnixMs);
        writer.Write(Address);
        writer.Write(Region);
        return bytes.ToArray();
    }

    /// <summary>Reads a stored row; <see langword="null"/> when another build has written it in another way.</summary>
    public static (Member Member, bool IsRetiredHere)? Decode(byte[] row)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(row), Encoding.UTF8);
            if (reader.ReadByte() != Layout)
                return null;
            var flags = reader.ReadByte();
            var replica = ReplicaId.FromUInt64(reader.ReadUInt64());
            var store = new Guid(reader.ReadBytes(16), bigEndian: true);
            var revision = reader.ReadUInt64();
            var heard = reader.ReadUInt64();
            return (new Member(replica, store, reader.ReadString(), reader.ReadString(), (flags & 1) != 0, revision, heard), (flags & 2) != 0);
        }
        catch (Exception e) when (e is IOException or FormatException or ArgumentException)
        {
            // Cut off: the checksum was right, so it is another build's. What is not known of a member is learned again.
            return null;
        }
    }

    // With equal revisions any order does, as long as all replicas have the same one.
    private int CompareTo(Member other)
    {
        var order = Revision.CompareTo(other.Revision);
        if (order == 0)
            order = Replica.ToUInt64().CompareTo(other.Replica.ToUInt64());
        if (order == 0)
            order = other.IsRetired.CompareTo(IsRetired);
        if (order == 0)
            order = Store.CompareTo(other.Store);
        if (order == 0)
            order = string.CompareOrdinal(Address, other.Address);
        return order == 0 ? string.CompareOrdinal(Region, other.Region) : order;
    }
}

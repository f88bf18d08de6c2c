using System.Buffers.Binary;

namespace Honu.Format;

/// <summary>A checked view of a record's bytes: nothing is copied.</summary>
internal readonly ref struct RecordReader
{
    private const byte Dropped = RecordLayout.Tombstone | RecordLayout.HasExpiry;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly ReadOnlySpan<byte> _context;
    private readonly ReadOnlySpan<byte> _losers;
    private readonly int _portableEnd;
    private readonly int _valueStart;

    private RecordReader(ReadOnlySpan<byte> bytes, VersionId parent, ReplicaId creator, ReadOnlySpan<byte> context, ReadOnlySpan<byte> losers, ulong expiry, int portableEnd, int valueStart, ulong historySequence, bool lostConflict)
    {
        _bytes = bytes;
        _context = context;
        _losers = losers;
        _portableEnd = portableEnd;
        _valueStart = valueStart;
        Version = ReadVersion(bytes);
        Parent = parent;
        Creator = creator;
        Expiry = expiry;
        HistorySequence = historySequence;
        LostConflict = lostConflict;
    }

    public VersionId Version { get; }

    public VersionId Parent { get; }

    public ReplicaId Creator { get; }

    /// <summary>Local: the last history sequence used for the key; 0 when it never had history.</summary>
    public ulong HistorySequence { get; }

    /// <summary>Local: the record is in history because it lost a conflict.</summary>
    public bool LostConflict { get; }

    /// <summary>The scalar from which on the record counts as deleted; 0 for one that does not expire.</summary>
    public ulong Expiry { get; }

    public byte PortableFlags => (byte)(_bytes[0] & RecordLayout.PortableFlags);

    /// <summary>Whether it is a deletion, or a record whose value was dropped after its expiry.</summary>
    public bool IsTombstone => (_bytes[0] & RecordLayout.Tombstone) != 0;

    /// <summary>Whether its value was dropped after its expiry.</summary>
    public bool IsDropped => (_bytes[0] & Dropped) == Dropped;

    /// <summary>The state of the checksum after the value, also of one that was dropped.</summary>
    public uint ValueState => IsDropped ? BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(_portableEnd - RecordLayout.DroppedBytes)..]) : RecordChecksum.OfValue(Value);

    /// <summary>Whether the record counts as deleted: a tombstone, or expired.</summary>
    public bool IsDeleted(IVersionClock clock) =>
        (_bytes[0] & Dropped) != 0 && ((_bytes[0] & RecordLayout.Tombstone) != 0 || Expiry <= clock.Now);

    public uint Checksum => ReadChecksum(_bytes);

    public ReadOnlySpan<byte> PortableParts => _bytes[RecordLayout.HeaderBytes.._portableEnd];

    public ReadOnlySpan<byte> Value => _bytes[_valueStart..];

    public bool HasContext => !_context.IsEmpty;

    public bool HasLosers => !_losers.IsEmpty;

    /// <summary>Local: the losers of conflicts seen here since this version was written, and what they descend from.</summary>
    public CausalContext Losers => _losers.IsEmpty ? CausalContext.Empty : CausalContext.Decode(_losers);

    /// <summary>The ancestors of this version: the context when there is one, else the parent alone.</summary>
    public CausalContext Context => _context.IsEmpty ? CausalContext.Of(Parent) : CausalContext.Decode(_context);

    public int PortableLength => _portableEnd + _bytes.Length - _valueStart;

    public ObjectVersion ToObjectVersion(IVersionClock clock)
    {
        if ((_bytes[0] & Dropped) == 0)
            return new ObjectVersion(Version, Parent, Creator, IsDeleted: false, Value.Length);
        var isDeleted = IsDeleted(clock);
        return new ObjectVersion(Version, Parent, Creator, isDeleted, isDeleted ? 0 : Value.Length) { ExpiryScalar = Expiry };
    }

    /// <summary>Whether <paramref name="version"/> is an ancestor of this one.</summary>
    public bool HasAncestor(VersionId version) => _context.IsEmpty
        ? Parent.Replica == version.Replica && Parent.Scalar >= version.Scalar
        : CausalContext.Covers(_context, version);

    /// <summary>Whether another record is an ancestor of this one, also as a deletion from before what was purged where this one was written (R14).</summary>
    public bool Supersedes(scoped in RecordReader other, IVersionClock clock) => HasAncestor(other.Version)
        || (!_context.IsEmpty && CausalContext.Covers(_context, new VersionId(other.Version.Scalar, default)) && other.IsDeleted(clock));

    /// <summary>Whether value, key and versions are as they were written.</summary>
    public bool Verify(ReadOnlySpan<byte> key)
    {
        var isDropped = IsDropped;
        var flags = isDropped ? PortableFlags & ~RecordLayout.Tombstone : PortableFlags;
        var parts = isDropped ? PortableParts[..^RecordLayout.DroppedBytes] : PortableParts;
        return RecordChecksum.Finish(ValueState, key, (byte)flags, Version, parts) == Checksum;
    }

    /// <summary>Writes the record without its local part: the form that travels. Returns <see cref="PortableLength"/>.</summary>
    public int CopyPortable(Span<byte> destination)
    {
        _bytes[.._portableEnd].CopyTo(destination);
        destination[0] &= RecordLayout.PortableFlags;
        Value.CopyTo(destination[_portableEnd..]);
        return PortableLength;
    }

    /// <summary>The scalar and replica at the start of any record.</summary>
    public static VersionId ReadVersion(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[1..]),
        ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[9..])));

    /// <summary>The checksum in any record.</summary>
    public static uint ReadChecksum(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[RecordLayout.ChecksumOffset..]);

    /// <summary>Checks the structure of a record; any cut, unknown flag or impossible number gives <see langword="false"/>. The checksum is not checked here.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out RecordReader record)
    {
        record = default;
        if (bytes.Length < RecordLayout.HeaderBytes)
            return false;
        var flags = bytes[0];
        var version = ReadVersion(bytes);
        if ((flags & ~RecordLayout.KnownFlags) != 0 || version.Scalar is 0 or > StoreLimits.MaxScalar)
            return false;

        var at = RecordLayout.HeaderBytes;
        if (!TryReadParent(bytes, flags, version, ref at, out var parent))
            return false;

        ReadOnlySpan<byte> context = default;
        if ((flags & RecordLayout.HasContext) != 0)
        {
            if (!CausalContext.TryMeasure(bytes[at..], out var length))
                return false;
            context = bytes.Slice(at, length);
            at += length;

            // Every clock lies above all it has seen: a context that covers its own future, or not even the parent, was made up.
            if (!CausalContext.IsBelow(context, version.Scalar) || !CausalContext.Covers(context, parent))
                return false;
        }

        var creator = version.Replica;
        if ((flags & RecordLayout.HasCreator) != 0)
        {
            if (bytes.Length < at + 8)
                return false;
            creator = ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]));
            at += 8;
        }

        if (!TryReadExpiry(bytes, flags, version, ref at, out var expiry))
            return false;

        var portableEnd = at;
        ulong sequence = 0;
        ReadOnlySpan<byte> losers = default;
        var lost = false;
        if ((flags & RecordLayout.HasLocalPart) != 0 && !TryReadLocalPart(bytes, ref at, out sequence, out losers, out lost))
            return false;
        if ((flags & RecordLayout.Tombstone) != 0 && at != bytes.Length)
            return false;

        record = new RecordReader(bytes, parent, creator, context, losers, expiry, portableEnd, at, sequence, lost);
        return true;
    }

    private static bool TryReadParent(ReadOnlySpan<byte> bytes, byte flags, VersionId version, ref int at, out VersionId parent)
    {
        parent = default;
        var kind = flags & (RecordLayout.ParentOfSameReplica | RecordLayout.ParentOfOtherReplica);
        if (kind == 0)
            return true;
        var length = kind == RecordLayout.ParentOfSameReplica ? 8 : kind == RecordLayout.ParentOfOtherReplica ? 16 : int.MaxValue;
        if (bytes.Length - at < length)
            return false;
        var replica = length == 8 ? version.Replica : ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[(at + 8)..]));
        parent = new VersionId(BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]), replica);
        at += length;

        // A parent is earlier than its child: every clock is moved past what its store holds.
        return parent.Scalar != 0 && parent.Scalar < version.Scalar;
    }

    private static bool TryReadExpiry(ReadOnlySpan<byte> bytes, byte flags, VersionId version, ref int at, out ulong expiry)
    {
        expiry = 0;
        if ((flags & RecordLayout.HasExpiry) == 0)
            return true;
        var length = RecordLayout.ExpiryBytes + ((flags & RecordLayout.Tombstone) != 0 ? RecordLayout.DroppedBytes : 0);
        if (bytes.Length - at < length)
            return false;
        expiry = BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
        at += length;

        // A record is current for a moment at least.
        return expiry > version.Scalar && expiry <= StoreLimits.MaxScalar;
    }

    private static bool TryReadLocalPart(ReadOnlySpan<byte> bytes, scoped ref int at, out ulong sequence, out ReadOnlySpan<byte> losers, out bool lost)
    {
        sequence = 0;
        losers = default;
        lost = false;
        var start = at;
        if (bytes.Length < at + 1)
            return false;
        var flags = bytes[at++];
        if ((flags & ~RecordLayout.KnownLocalFlags) != 0)
            return false;
        lost = (flags & RecordLayout.LocalLostConflict) != 0;
        if ((flags & RecordLayout.LocalSequence) != 0)
        {
            if (bytes.Length < at + 8)
                return false;
            sequence = BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
            at += 8;
        }

        if ((flags & RecordLayout.LocalLosers) != 0)
        {
            if (!CausalContext.TryMeasure(bytes[at..], out var length))
                return false;
            losers = bytes.Slice(at, length);
            at += length;
        }

        if (bytes.Length < at + 4 || BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]) != RecordChecksum.Of(bytes[start..at]))
            return false;
        at += 4;
        return true;
    }
}

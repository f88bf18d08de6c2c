using System.Buffers.Binary;

namespace Honu.Deferring;

/// <summary>The end of a stream that waits for deferred records: once all that is due up to <see cref="Until"/> has been applied, and the base is covered, the target is.</summary>
/// <param name="Sequence">In which order they came: a later one may build on an earlier one.</param>
/// <param name="Sender">Whose stream it was; none when nobody said.</param>
/// <param name="Until">The greatest scalar that must be due before.</param>
/// <param name="Base">What must be covered then.</param>
/// <param name="Target">What is covered afterwards.</param>
internal sealed record PendingTarget(ulong Sequence, ReplicaId Sender, ulong Until, VersionVector Base, VersionVector Target)
{
    private const int FixedBytes = 20;

    /// <summary>This one and a later one as one: it waits for both. <see langword="null"/> when their bases do not fit into one vector.</summary>
    public PendingTarget? Merge(VectorJoin later, ulong until)
    {
        var @base = Base.Clone();
        foreach (var replica in later.Base.Origins)
        {
            // What this target covers need not be covered before.
            if (Target.DominatesOf(replica, later.Base))
                continue;
            @base.JoinOf(replica, later.Base);
            if (!@base.DominatesOf(replica, later.Base))
                return null;
        }

        var target = Target.Clone();
        target.Join(later.Target);
        return new PendingTarget(Sequence, Sender, Math.Max(Until, until), @base, target);
    }

    public byte[] Encode()
    {
        var bytes = new byte[FixedBytes + Base.EncodedLength + Target.EncodedLength];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Until);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), Sender.ToUInt64());
        var length = Base.Encode(bytes.AsSpan(FixedBytes));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), length);
        Target.Encode(bytes.AsSpan(FixedBytes + length));
        return bytes;
    }

    public static bool TryDecode(ulong sequence, ReadOnlySpan<byte> bytes, out PendingTarget pending)
    {
        pending = null!;
        if (bytes.Length < FixedBytes)
            return false;
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]);
        if (length < 0 || length > bytes.Length - FixedBytes
            || !VersionVector.TryDecode(bytes.Slice(FixedBytes, length), out var @base)
            || !VersionVector.TryDecode(bytes[(FixedBytes + length)..], out var target))
            return false;
        var sender = ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
        pending = new PendingTarget(sequence, sender, BinaryPrimitives.ReadUInt64LittleEndian(bytes), @base, target);
        return true;
    }
}

using System.Buffers.Binary;

namespace Honu.Deferring;

/// <summary>The end of a stream that waits for deferred records: once all that is due up to <see cref="Until"/> has been applied, and the base is covered, the target is.</summary>
/// <param name="Sequence">In which order they came: a later one may build on an earlier one.</param>
/// <param name="Until">The greatest scalar that must be due before.</param>
/// <param name="Base">What must be covered then.</param>
/// <param name="Target">What is covered afterwards.</param>
internal sealed record PendingTarget(ulong Sequence, ulong Until, VersionVector Base, VersionVector Target)
{
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
        return new PendingTarget(Sequence, Math.Max(Until, until), @base, target);
    }

    public byte[] Encode()
    {
        var bytes = new byte[12 + Base.EncodedLength + Target.EncodedLength];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Until);
        var length = Base.Encode(bytes.AsSpan(12));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), length);
        Target.Encode(bytes.AsSpan(12 + length));
        return bytes;
    }

    public static bool TryDecode(ulong sequence, ReadOnlySpan<byte> bytes, out PendingTarget pending)
    {
        pending = null!;
        if (bytes.Length < 12)
            return false;
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (length < 0 || length > bytes.Length - 12
            || !VersionVector.TryDecode(bytes.Slice(12, length), out var @base)
            || !VersionVector.TryDecode(bytes[(12 + length)..], out var target))
            return false;
        pending = new PendingTarget(sequence, BinaryPrimitives.ReadUInt64LittleEndian(bytes), @base, target);
        return true;
    }
}

using System.Buffers.Binary;

namespace Honu.Format;

/// <summary>What is local to a record on this replica.</summary>
internal readonly record struct LocalPart(ulong HistorySequence, CausalContext? Losers = null, bool LostConflict = false)
{
    public bool IsEmpty => HistorySequence == 0 && Losers is not { Count: > 0 } && !LostConflict;
}

/// <summary>Builds records in one buffer that is used again for each of them. Used by the committing thread only.</summary>
internal sealed class RecordWriter
{
    private byte[] _buffer = new byte[4096];

    /// <summary>Builds the record of a local write.</summary>
    /// <param name="key">The key, which the checksum covers.</param>
    /// <param name="value">The value; empty for a tombstone.</param>
    /// <param name="valueChecksum"><see cref="RecordChecksum.OfValue"/> of the value.</param>
    /// <param name="isTombstone">Whether the write is a deletion.</param>
    /// <param name="version">The new version.</param>
    /// <param name="parent">The version before it, or none.</param>
    /// <param name="context">The ancestors, when the parent does not say it all.</param>
    /// <param name="creator">Who created the object.</param>
    /// <param name="local">What is local.</param>
    /// <param name="expiry">The scalar from which on it counts as deleted; 0 for never, and for a tombstone.</param>
    /// <returns>The record, valid until the next call.</returns>
    public ReadOnlySpan<byte> Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, uint valueChecksum, bool isTombstone, VersionId version, VersionId parent, CausalContext? context, ReplicaId creator, in LocalPart local, ulong expiry = 0)
    {
        var buffer = Reserve(RecordLayout.MaxOverheadBytes + value.Length);
        byte flags = isTombstone ? RecordLayout.Tombstone : (byte)0;
        var at = RecordLayout.HeaderBytes;
        if (!parent.IsNone)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(buffer[at..], parent.Scalar);
            at += 8;
            if (parent.Replica == version.Replica)
            {
                flags |= RecordLayout.ParentOfSameReplica;
            }
            else
            {
                flags |= RecordLayout.ParentOfOtherReplica;
                BinaryPrimitives.WriteUInt64LittleEndian(buffer[at..], parent.Replica.ToUInt64());
                at += 8;
            }
        }

        if (context is not null)
        {
            flags |= RecordLayout.HasContext;
            at += context.Encode(buffer[at..]);
        }

        if (creator != version.Replica)
        {
            flags |= RecordLayout.HasCreator;
            BinaryPrimitives.WriteUInt64LittleEndian(buffer[at..], creator.ToUInt64());
            at += 8;
        }

        if (expiry != 0)
        {
            flags |= RecordLayout.HasExpiry;
            BinaryPrimitives.WriteUInt64LittleEndian(buffer[at..], expiry);
            at += RecordLayout.ExpiryBytes;
        }

        var checksum = RecordChecksum.Finish(valueChecksum, key, flags, version, buffer[RecordLayout.HeaderBytes..at]);
        buffer[0] = flags;
        WriteHeader(buffer, version, checksum);
        return AppendLocalAndValue(buffer, at, value, local);
    }

    /// <summary>The same portable record with another local part: a remote record that arrives, or an old one on its way to history.</summary>
    /// <returns>The record, valid until the next call.</returns>
    public ReadOnlySpan<byte> Rewrite(scoped in RecordReader record, in LocalPart local)
    {
        var parts = record.PortableParts;
        var buffer = Reserve(RecordLayout.MaxOverheadBytes + record.Value.Length);
        buffer[0] = record.PortableFlags;
        WriteHeader(buffer, record.Version, record.Checksum);
        parts.CopyTo(buffer[RecordLayout.HeaderBytes..]);
        return AppendLocalAndValue(buffer, RecordLayout.HeaderBytes + parts.Length, record.Value, local);
    }

    /// <summary>The same version without its value, which has expired. The local part stays, and so does the checksum.</summary>
    /// <returns>The record, valid until the next call.</returns>
    public ReadOnlySpan<byte> Drop(scoped in RecordReader record)
    {
        var parts = record.PortableParts;
        var buffer = Reserve(RecordLayout.MaxOverheadBytes);
        buffer[0] = (byte)(record.PortableFlags | RecordLayout.Tombstone);
        WriteHeader(buffer, record.Version, record.Checksum);
        parts.CopyTo(buffer[RecordLayout.HeaderBytes..]);
        var at = RecordLayout.HeaderBytes + parts.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(buffer[at..], record.ValueState);
        return AppendLocalAndValue(buffer, at + RecordLayout.DroppedBytes, value: default, new LocalPart(record.HistorySequence, record.Losers, record.LostConflict));
    }

    private static void WriteHeader(Span<byte> buffer, VersionId version, uint checksum)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(buffer[1..], version.Scalar);
        BinaryPrimitives.WriteUInt64LittleEndian(buffer[9..], version.Replica.ToUInt64());
        BinaryPrimitives.WriteUInt32LittleEndian(buffer[RecordLayout.ChecksumOffset..], checksum);
    }

    private static ReadOnlySpan<byte> AppendLocalAndValue(Span<byte> buffer, int at, ReadOnlySpan<byte> value, scoped in LocalPart local)
    {
        if (!local.IsEmpty)
        {
            buffer[0] |= RecordLayout.HasLocalPart;
            var start = at++;
            byte flags = local.LostConflict ? RecordLayout.LocalLostConflict : (byte)0;
            if (local.HistorySequence != 0)
            {
                flags |= RecordLayout.LocalSequence;
                BinaryPrimitives.WriteUInt64LittleEndian(buffer[at..], local.HistorySequence);
                at += 8;
            }

            if (local.Losers is { Count: > 0 } losers)
            {
                flags |= RecordLayout.LocalLosers;
                at += losers.Encode(buffer[at..]);
            }

            buffer[start] = flags;
            BinaryPrimitives.WriteUInt32LittleEndian(buffer[at..], RecordChecksum.Of(buffer[start..at]));
            at += 4;
        }

        value.CopyTo(buffer[at..]);
        return buffer[..(at + value.Length)];
    }

    private Span<byte> Reserve(int length)
    {
        if (_buffer.Length < length)
            _buffer = new byte[Math.Max(length, _buffer.Length * 2)];
        return _buffer;
    }
}

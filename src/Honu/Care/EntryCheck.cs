using System.Buffers.Binary;
using Honu.Format;
using Honu.Reconciling;

namespace Honu.Care;

/// <summary>Checks one entry of the engine by itself: its checksum, and that its parts say what they must.</summary>
internal static class EntryCheck
{
    /// <summary>What is wrong with an entry; <see langword="null"/> when nothing is, or when this build does not know the key space.</summary>
    public static string? FindFault(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.IsEmpty)
            return "an entry without a key";
        return key[0] switch
        {
            KeySpaces.Current => key.Length <= KeySpaces.NamespacePrefixBytes ? "the key is cut off" : FindRecordFault(key[KeySpaces.NamespacePrefixBytes..], value),
            KeySpaces.History => TryReadHistoryKey(key, out var objectKey, out _) ? FindRecordFault(objectKey, value) : "the key makes no sense",
            KeySpaces.Index => FindIndexFault(key, value),
            KeySpaces.Vector or KeySpaces.Barrier => FindVectorFault(key, value),
            KeySpaces.Cursor => FindCursorFault(key, value),
            KeySpaces.Frontier => FindFrontierFault(key, value),
            KeySpaces.Staging => FindStagingFault(key, value),
            KeySpaces.Digest => FindDigestFault(key, value),
            KeySpaces.Meta or KeySpaces.Conflict or KeySpaces.Expiry => FindMetaFault(key, value),
            KeySpaces.Deferred => TryOpen(key, value, out var deferred) ? Deferring.DeferredRows.FindFault(key, deferred) : "the row fails its checksum",
            KeySpaces.Quarantine => TryOpen(key, value, out var held) ? Deferring.QuarantineStore.FindFault(key, held) : "the row fails its checksum",
            _ => null,
        };
    }

    /// <summary>What is wrong with the record of an object.</summary>
    public static string? FindRecordFault(ReadOnlySpan<byte> objectKey, ReadOnlySpan<byte> value)
    {
        if (objectKey.Length > StoreLimits.MaxKeyBytes)
            return $"the key has {objectKey.Length} bytes";
        if (!RecordReader.TryParse(value, out var record))
            return "the bytes of the record make no sense";
        return record.Verify(objectKey) ? null : "the record fails its checksum";
    }

    /// <summary>The key of the object and the slot that a history key names.</summary>
    public static bool TryReadHistoryKey(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> objectKey, out ulong slot)
    {
        objectKey = default;
        slot = 0;
        if (key.Length < 5 + 1 + 8 || key.Length != 5 + BinaryPrimitives.ReadUInt16BigEndian(key[3..]) + 8)
            return false;
        objectKey = key[5..^8];
        slot = BinaryPrimitives.ReadUInt64BigEndian(key[^8..]);
        return true;
    }

    /// <summary>The namespace id of a key; <see langword="false"/> for a key that is too short to have one.</summary>
    public static bool TryReadNamespace(ReadOnlySpan<byte> key, out ushort ns)
    {
        ns = key.Length >= KeySpaces.NamespacePrefixBytes ? BinaryPrimitives.ReadUInt16BigEndian(key[1..]) : (ushort)0;
        return key.Length >= KeySpaces.NamespacePrefixBytes;
    }

    /// <summary>Whether a meta key is <c>M n id</c>.</summary>
    public static bool IsNamespaceName(ReadOnlySpan<byte> key, out ushort ns)
    {
        var isName = key.Length == 4 && key[0] == KeySpaces.Meta && key[1] == (byte)'n';
        ns = isName ? BinaryPrimitives.ReadUInt16BigEndian(key[2..]) : (ushort)0;
        return isName;
    }

    /// <summary>The payload of an entry in the common envelope; <see langword="false"/> when its checksum fails.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, out ReadOnlySpan<byte> payload)
    {
        payload = value.Length < 4 ? default : value[..^4];
        return value.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(value[payload.Length..]) == RecordChecksum.Of(key, payload);
    }

    private static string? FindIndexFault(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (!TryReadNamespace(key, out var ns) || !KeySpaces.TryReadIndexKey(key, ns, out _))
            return "the key makes no sense";
        if (!TryOpen(key, value, out var objectKey))
            return "the index entry fails its checksum";
        return objectKey.Length is 0 or > StoreLimits.MaxKeyBytes ? "the index entry names no key" : null;
    }

    private static string? FindVectorFault(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.Length != KeySpaces.NamespacePrefixBytes)
            return "the key makes no sense";
        if (!TryOpen(key, value, out var payload))
            return "the vector fails its checksum";
        return VersionVector.TryDecode(payload, out _) ? null : "the bytes of the vector make no sense";
    }

    private static string? FindCursorFault(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.Length != KeySpaces.CursorKeyBytes)
            return "the key makes no sense";
        if (!TryOpen(key, value, out var payload))
            return "the cursor fails its checksum";
        return StreamCursor.Decode(ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64BigEndian(key[3..])), payload) is null ? "the bytes of the cursor make no sense" : null;
    }

    private static string? FindDigestFault(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.Length != KeySpaces.NamespacePrefixBytes)
            return "the key makes no sense";
        if (!TryOpen(key, value, out var payload))
            return "the digest fails its checksum";
        return Digests.DigestCheckpoint.TryDecode(payload, out _) ? null : "the bytes of the digest make no sense";
    }

    private static string? FindFrontierFault(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.Length != KeySpaces.NamespacePrefixBytes)
            return "the key makes no sense";
        if (!TryOpen(key, value, out var payload))
            return "the frontier fails its checksum";
        return FrontierRecord.Decode(payload) is null ? "the bytes of the frontier make no sense" : null;
    }

    private static string? FindStagingFault(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.Length < 4)
            return "the key makes no sense";
        if (!TryOpen(key, value, out var payload))
            return "a row of a full stream fails its checksum";
        if (KeySpaces.IsStreamKey(key, out var sender))
            return FullStream.Decode(sender, payload) is null ? "the header of a full stream makes no sense" : null;
        if (!KeySpaces.IsStagedKey(key, out _))
            return "the key makes no sense";
        return StagedKey.IsWellFormed(payload) ? null : "what a full stream has staged makes no sense";
    }

    private static string? FindMetaFault(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (!TryOpen(key, value, out var payload))
            return "the record of the store fails its checksum";
        if (key.SequenceEqual(MetaRecords.Key(MetaRecords.Identity)) && StoreIdentity.Decode(payload) is null)
            return "the store's identity makes no sense";
        return (key.SequenceEqual(MetaRecords.Key(MetaRecords.Clock)) && payload.Length != 8) || (IsNamespaceName(key, out _) && payload.IsEmpty) ? "the bytes of the record make no sense" : null;
    }
}

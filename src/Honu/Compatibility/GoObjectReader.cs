using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Honu.Compatibility;

/// <summary>Reads the message described at <see cref="GoObject"/>. A known field with an unexpected wire type is an unknown field, as in Go.</summary>
internal static class GoObjectReader
{
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out GoObject? result, [NotNullWhen(false)] out string? error)
    {
        result = null;
        if (encoded.Length > GoObject.MaxEncodedBytes)
        {
            error = $"{encoded.Length} bytes (allowed: {GoObject.MaxEncodedBytes})";
            return false;
        }

        var reader = new GoWireReader(encoded);
        ReadOnlySpan<byte> key = default, data = default;
        string name = "", region = "", owner = "";
        VersionParts? version = null;
        ArrayBufferWriter<byte>? unknown = null;
        error = null;
        while (!reader.AtEnd)
        {
            var start = reader.Position;
            if (!reader.TryReadTag(out var field, out var wireType))
                break;
            var read = (field, wireType) switch
            {
                (1, GoWireReader.Bytes) => reader.TryReadBytes(out key),
                (2, GoWireReader.Bytes) => TryReadText(ref reader, ref name),
                (3, GoWireReader.Bytes) => TryMerge(ref reader, version ??= new VersionParts(), 1),
                (4, GoWireReader.Bytes) => TryReadText(ref reader, ref region),
                (5, GoWireReader.Bytes) => TryReadText(ref reader, ref owner),
                (10, GoWireReader.Bytes) => reader.TryReadBytes(out data),
                _ => TryKeep(ref reader, field, wireType, start, 0, ref unknown),
            };
            if (!read)
                break;
        }

        error = reader.Error;
        if (error is not null)
            return false;
        result = new GoObject
        {
            Key = key.ToArray(),
            Namespace = name,
            Version = version?.Build(),
            Region = region,
            Owner = owner,
            Data = data.ToArray(),
            UnknownFields = unknown?.WrittenMemory ?? default,
        };
        return true;
    }

    private static bool TryMerge(ref GoWireReader outer, VersionParts parts, int depth)
    {
        if (!outer.TryReadBytes(out var encoded))
            return false;
        if (depth > GoObject.MaxDepth)
            return outer.Fail($"more than {GoObject.MaxDepth} nested messages");
        var reader = new GoWireReader(encoded);
        while (!reader.AtEnd)
        {
            var start = reader.Position;
            if (!reader.TryReadTag(out var field, out var wireType))
                break;
            var read = (field, wireType) switch
            {
                (1, GoWireReader.Varint) => reader.TryReadVarint(out parts.Pid),
                (2, GoWireReader.Varint) => reader.TryReadVarint(out parts.Version),
                (3, GoWireReader.Bytes) => TryReadText(ref reader, ref parts.Region),
                (4, GoWireReader.Bytes) => TryMerge(ref reader, parts.Parent ??= new VersionParts(), depth + 1),
                (5, GoWireReader.Varint) => TryReadBool(ref reader, ref parts.Tombstone),
                _ => TryKeep(ref reader, field, wireType, start, depth, ref parts.Unknown),
            };
            if (!read)
                break;
        }

        return reader.Error is null || outer.Fail($"{reader.Error} of the {(depth == 1 ? "version" : "parent")}");
    }

    private static bool TryReadText(ref GoWireReader reader, ref string text)
    {
        if (!reader.TryReadString(out var read))
            return false;
        text = read;
        return true;
    }

    private static bool TryReadBool(ref GoWireReader reader, ref bool value)
    {
        if (!reader.TryReadVarint(out var read))
            return false;
        value = read != 0;
        return true;
    }

    private static bool TryKeep(ref GoWireReader reader, int field, int wireType, int start, int depth, ref ArrayBufferWriter<byte>? unknown)
    {
        if (!reader.TrySkip(field, wireType, depth))
            return false;

        // A growing buffer, not an array per field: input of a million tiny unknown fields must cost what its length says.
        (unknown ??= new ArrayBufferWriter<byte>()).Write(reader.Since(start));
        return true;
    }

    private sealed class VersionParts
    {
        public ulong Pid;
        public ulong Version;
        public string Region = "";
        public VersionParts? Parent;
        public bool Tombstone;
        public ArrayBufferWriter<byte>? Unknown;

        public GoVersion Build() => new()
        {
            Pid = Pid,
            Version = Version,
            Region = Region,
            Parent = Parent?.Build(),
            Tombstone = Tombstone,
            UnknownFields = Unknown?.WrittenMemory ?? default,
        };
    }
}

using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Honu.Compatibility;

/// <summary>One record of a Go Honu (v0.2.8) database: the protobuf message that stands as the value of a LevelDB key.</summary>
/// <remarks>
/// Fields by number: key 1 (bytes), namespace 2 (string), version 3 (message), region 4 (string), owner 5 (string), data 10 (bytes).
/// Version: pid 1 (uint64), version 2 (uint64), region 3 (string), parent 4 (version), tombstone 5 (bool).
/// Reading accepts what proto3 accepts: fields in any order, repeated fields (the last wins, messages merge), unknown fields (kept).
/// It refuses truncated input, lengths past the end, varints beyond 64 bits, text that is not UTF-8, and more than <see cref="MaxDepth"/> nested messages.
/// Immutable, safe from any thread as long as nobody changes the memory that it was given.
/// </remarks>
public sealed class GoObject
{
    /// <summary>Longest encoded object that is read: 64 MiB, four times the default limit of a value.</summary>
    public const int MaxEncodedBytes = 64 * 1024 * 1024;

    /// <summary>Deepest chain of parents or groups that is read or written. Go stores one parent; more is only seen in hostile input.</summary>
    public const int MaxDepth = 100;

    /// <summary>The key inside <see cref="Namespace"/>.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>The namespace, authoritative: the key on disk alone is ambiguous, see <see cref="GetStorageKey"/>.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The version; <see langword="null"/> when the message has none.</summary>
    public GoVersion? Version { get; init; }

    /// <summary>Region of the replica that created the object; updates never change it.</summary>
    public string Region { get; init; } = "";

    /// <summary>Who created the object: <c>pid:name</c>, or <c>pid:region</c> for a replica without a name.</summary>
    public string Owner { get; init; } = "";

    /// <summary>The value; empty in a tombstone. Go does not tell an empty value from an absent one.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Encoded fields that this reader does not know, kept so that writing the object again loses nothing.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }

    /// <summary>Reads one encoded object.</summary>
    /// <param name="encoded">The whole message; nothing may follow it.</param>
    /// <returns>The object, with copies of all bytes.</returns>
    /// <exception cref="HonuCorruptionException">The bytes are not such an object; the message says what and where.</exception>
    public static GoObject Parse(ReadOnlySpan<byte> encoded) =>
        TryParse(encoded, out var result, out var error) ? result : throw new HonuCorruptionException(path: null, $"Not an object of Go Honu: {error}. Read the record from a backup, or leave it out of the migration.");

    /// <summary>Reads one encoded object without throwing.</summary>
    /// <param name="encoded">The whole message; nothing may follow it.</param>
    /// <param name="result">The object, with copies of all bytes.</param>
    /// <param name="error">What is wrong and at which byte of the message it was nested in, when <see langword="false"/> is returned.</param>
    /// <returns>Whether the bytes are an object.</returns>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out GoObject? result, [NotNullWhen(false)] out string? error) =>
        GoObjectReader.TryRead(encoded, out result, out error);

    /// <summary>Length of what <see cref="WriteTo"/> writes, in bytes.</summary>
    /// <returns>The length; computing it walks the object.</returns>
    /// <exception cref="ArgumentException">A text is not valid UTF-16, or the version has more than <see cref="MaxDepth"/> ancestors.</exception>
    public int GetEncodedLength() => GoObjectWriter.Measure(this);

    /// <summary>Writes the object as Go does: known fields by number, defaults left out, then the unknown fields.</summary>
    /// <param name="destination">Receives <see cref="GetEncodedLength"/> bytes.</param>
    /// <exception cref="ArgumentException">A text is not valid UTF-16, or the version has more than <see cref="MaxDepth"/> ancestors; nothing was written.</exception>
    public void WriteTo(IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var length = GoObjectWriter.Measure(this);
        GoObjectWriter.Write(this, destination.GetSpan(length));
        destination.Advance(length);
    }

    /// <summary>The object as <see cref="WriteTo"/> writes it, in a new array.</summary>
    /// <returns>The encoded object.</returns>
    /// <exception cref="ArgumentException">A text is not valid UTF-16, or the version has more than <see cref="MaxDepth"/> ancestors.</exception>
    public byte[] ToArray()
    {
        var encoded = new byte[GoObjectWriter.Measure(this)];
        GoObjectWriter.Write(this, encoded);
        return encoded;
    }

    /// <summary>The LevelDB key under which Go stores this object: <c>namespace::key</c>, or the bare key when the namespace is empty.</summary>
    /// <returns>A new array.</returns>
    /// <remarks>("people", "x::1") and ("people::x", "1") share one key on disk, so in Go one of them overwrote the other: never split a disk key, read the record.</remarks>
    /// <exception cref="ArgumentException">The namespace is not valid UTF-16.</exception>
    public byte[] GetStorageKey()
    {
        if (Namespace.Length == 0)
            return Key.ToArray();
        var prefixLength = GoObjectWriter.Utf8.GetByteCount(Namespace);
        var result = new byte[prefixLength + 2 + Key.Length];
        GoObjectWriter.Utf8.GetBytes(Namespace, result);
        "::"u8.CopyTo(result.AsSpan(prefixLength));
        Key.Span.CopyTo(result.AsSpan(prefixLength + 2));
        return result;
    }
}

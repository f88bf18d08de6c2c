using System.Text;

namespace Honu;

/// <summary>Limits that hold everywhere, checked at the local write, so that nothing is accepted that cannot be replicated.</summary>
public static class StoreLimits
{
    /// <summary>Longest key in bytes; a key has at least one.</summary>
    public const int MaxKeyBytes = 4096;

    /// <summary>Longest namespace name in bytes of UTF-8; it has at least one.</summary>
    public const int MaxNamespaceBytes = 255;

    /// <summary>Most namespaces of a store.</summary>
    public const int MaxNamespaces = 65535;

    /// <summary>Default of <see cref="HonuStoreOptions.MaxValueBytes"/>.</summary>
    public const int DefaultMaxValueBytes = 16 * 1024 * 1024;

    /// <summary>Greatest scalar that is a version: half of the range stays free, so that no sum of two overflows.</summary>
    public const ulong MaxScalar = (1UL << 63) - 1;

    internal static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal static void CheckKey(ReadOnlySpan<byte> key)
    {
        if (key.IsEmpty || key.Length > MaxKeyBytes)
            throw new ArgumentException($"A key has 1 to {MaxKeyBytes} bytes; this one has {key.Length}.", nameof(key));
    }

    internal static byte[] CheckNamespace(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        byte[] bytes;
        try
        {
            bytes = StrictUtf8.GetBytes(name);
        }
        catch (EncoderFallbackException error)
        {
            throw new ArgumentException("A namespace must be well-formed Unicode; this one holds half of a surrogate pair.", nameof(name), error);
        }

        if (bytes.Length is 0 or > MaxNamespaceBytes)
            throw new ArgumentException($"A namespace has 1 to {MaxNamespaceBytes} bytes of UTF-8; this one has {bytes.Length}.", nameof(name));
        return bytes;
    }
}

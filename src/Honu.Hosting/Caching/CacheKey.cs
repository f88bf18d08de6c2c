using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Honu.Hosting;

/// <summary>The store's key of a cache key: its UTF-8; where that cannot be a key, a zero byte and the SHA-256 of its UTF-16.</summary>
internal static class CacheKey
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static byte[] Encode(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length is 0 or > StoreLimits.MaxKeyBytes || key[0] == '\0')
            return Hash(key);
        try
        {
            var bytes = Strict.GetBytes(key);
            return bytes.Length <= StoreLimits.MaxKeyBytes ? bytes : Hash(key);
        }
        catch (EncoderFallbackException)
        {
            // Half of a surrogate pair: UTF-8 has no bytes for it, and a replacement would make two keys one.
            return Hash(key);
        }
    }

    private static byte[] Hash(string key) => [0, .. SHA256.HashData(MemoryMarshal.AsBytes(key.AsSpan()))];
}

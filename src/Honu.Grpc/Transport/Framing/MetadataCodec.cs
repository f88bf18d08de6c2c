using Grpc.Core;

namespace Honu.Grpc;

/// <summary>Metadata as HTTP headers. Binary values are base64 without padding; both forms, and several in one value, are accepted.</summary>
internal static class MetadataCodec
{
    public static string EncodeValue(Metadata.Entry entry) => entry.IsBinary ? Convert.ToBase64String(entry.BinaryValue).TrimEnd('=') : entry.Value;

    /// <summary>Whether a header belongs to the protocol and is neither sent from nor shown in metadata.</summary>
    public static bool IsReserved(string name) => name.Length == 0 || name[0] == ':' || name switch
    {
        "content-type" or "content-length" or "te" or "host" or "connection" or "transfer-encoding" or "accept-encoding" or "trailer" or "expect" => true,
        "grpc-timeout" or "grpc-status" or "grpc-message" or "grpc-encoding" or "grpc-accept-encoding" or Gzip.RequestKey => true,
        _ => false,
    };

    /// <exception cref="RpcException">A binary header is not base64.</exception>
    public static Metadata Read<T>(IEnumerable<KeyValuePair<string, T>> headers)
        where T : IEnumerable<string?>
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
                Add(metadata, name, value ?? "");
        }

        return metadata.Freeze();
    }

    /// <exception cref="RpcException">A binary header is not base64.</exception>
    public static void Add(Metadata metadata, string headerName, string value)
    {
#pragma warning disable CA1308 // HTTP/2 names are lower case; the framework shows well-known ones in mixed case.
        var name = headerName.ToLowerInvariant();
#pragma warning restore CA1308
        if (IsReserved(name))
            return;

        if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.Ordinal))
        {
            metadata.Add(Metadata.Entry.FromWire(name, value));
            return;
        }

        foreach (var part in value.AsSpan().Split(','))
            metadata.Add(Metadata.Entry.FromWire(name, DecodeBase64(name, value.AsSpan()[part].Trim().TrimEnd('='))));
    }

    private static byte[] DecodeBase64(string name, ReadOnlySpan<char> unpadded)
    {
        var padded = string.Concat(unpadded, "===".AsSpan(0, (4 - (unpadded.Length % 4)) % 4));
        var bytes = new byte[padded.Length / 4 * 3];
        if (!Convert.TryFromBase64String(padded, bytes, out var written))
            throw new RpcException(new Status(StatusCode.Internal, $"The header {name} is not base64."));

        return bytes[..written];
    }
}

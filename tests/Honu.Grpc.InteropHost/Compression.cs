namespace Honu.Grpc.InteropHost;

/// <summary>How a call asks the runtime to compress: the convention of gRPC's C# implementations. The entry is not sent.</summary>
internal static class Compression
{
    /// <summary>Among the metadata of a call: for its requests. Among the response headers: for its responses.</summary>
    public const string RequestHeader = "grpc-internal-encoding-request";

    public const string Gzip = "gzip";
}

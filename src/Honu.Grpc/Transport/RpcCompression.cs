namespace Honu.Grpc;

/// <summary>How messages are compressed that one side sends. Received ones are always decompressed.</summary>
/// <remarks>
/// For one call, metadata <c>grpc-internal-encoding-request</c> with <c>gzip</c> or <c>identity</c> goes before the option: in the headers of a request, or in
/// those that a handler sends. <see cref="global::Grpc.Core.WriteFlags.NoCompress"/> exempts single messages.
/// </remarks>
public enum RpcCompression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>With gzip, at its fastest level; servers only towards clients that accept it.</summary>
    Gzip,
}

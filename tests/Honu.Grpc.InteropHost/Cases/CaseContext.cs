using Grpc.Core;
using Grpc.Testing;

namespace Honu.Grpc.InteropHost;

/// <summary>What a case works with.</summary>
internal sealed record CaseContext(TestService.TestServiceClient Client, RpcChannel Channel, ObservingHandler Observer)
{
    // A call that hangs fails its case with a name, before the script ends the process without one.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static DateTime Deadline => DateTime.UtcNow + Limit;

    /// <summary>Options with the usual deadline.</summary>
    public static CallOptions Options(Metadata? headers = null, CancellationToken cancellationToken = default) => new(headers, Deadline, cancellationToken);
}

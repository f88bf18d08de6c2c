using Honu.Grpc;

namespace Honu.Hosting.Services;

/// <summary>Tells health checks whether clients are let in: one answer for the server as a whole and for each service that is mapped.</summary>
internal sealed class ServiceHealth(RpcHealth health)
{
    private readonly List<string> _services = [""];

    /// <summary>Adds what <see cref="Set"/> speaks of. Before the server starts.</summary>
    public void Add(IEnumerable<string> services) => _services.AddRange(services);

    public void Set(bool serving) => _services.ForEach(service => health.Set(service, serving));
}

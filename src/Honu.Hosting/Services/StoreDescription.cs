using System.Reflection;
using Honu.Hosting.Protocol.Objects;
using Honu.Hosting.Protocol.Stores;

namespace Honu.Hosting.Services;

/// <summary>What a store tells about itself, as messages.</summary>
internal static class StoreDescription
{
    /// <summary>Version of this software, as the build set it.</summary>
    public static string SoftwareVersion { get; } =
        typeof(StoreDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    public static Identity Identity(HonuStore store) => Identity(store.Identity, store.Replication.Description.Region);

    private static Identity Identity(StoreIdentity identity, string? region) => new()
    {
        StoreId = identity.StoreId.ToString(),
        Replica = ProtocolMapping.ToWire(identity.Replica),
        Cluster = identity.Cluster,
        Region = region ?? "",
        Clock = identity.Clock == VersionClock.Lamport ? "lamport" : "hybrid",
    };

    /// <summary>What a server would tell of the store.</summary>
    public static StoreInfo Info(HonuStore store, bool includeFigures) => InfoMapping.FromWire(Status(store, includeFigures));

    public static StatusResponse Status(HonuStore store, bool includeStatistics)
    {
        var response = new StatusResponse
        {
            Identity = Identity(store),
            MaxKeyBytes = StoreLimits.MaxKeyBytes,
            MaxValueBytes = (ulong)store.Replication.MaxValueBytes,
            MaxNamespaceBytes = StoreLimits.MaxNamespaceBytes,
            ServerVersion = SoftwareVersion,
        };
        response.Namespaces.Add(store.Namespaces);
        if (includeStatistics)
            response.Statistics = Statistics(store);
        return response;
    }

    private static Statistics Statistics(HonuStore store)
    {
        var figures = store.GetStatistics();
        var result = new Statistics
        {
            DiskBytes = (ulong)figures.DiskBytes,
            EngineMemoryBytes = (ulong)figures.EngineMemoryBytes,
        };
        foreach (var (kind, count) in figures.Updates)
            result.Updates.Add(KindName(kind), (ulong)count);
        foreach (var item in figures.Namespaces)
        {
            var ns = new Protocol.Stores.NamespaceStatistics
            {
                Name = item.Name,
                Objects = (ulong)item.Objects,
                Tombstones = (ulong)item.Tombstones,
                ValueBytes = (ulong)item.ValueBytes,
                HistoryEntries = (ulong)item.HistoryEntries,
                HistoryBytes = (ulong)item.HistoryBytes,
            };
            ProtocolMapping.AddVector(ns.Vector, item.Vector);
            result.Namespaces.Add(ns);
        }

        return result;
    }

    /// <summary>Kinds as JSON and messages name them: "linear", "stomp", …</summary>
    public static string KindName(UpdateKind kind) => kind switch
    {
        UpdateKind.Duplicate => "duplicate",
        UpdateKind.Stale => "stale",
        UpdateKind.Linear => "linear",
        UpdateKind.Skip => "skip",
        UpdateKind.Stomp => "stomp",
        UpdateKind.Stomped => "stomped",
        UpdateKind.Equivocation => "equivocation",
        UpdateKind.Reissued => "reissued",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not an update kind."),
    };
}

#pragma warning disable MA0048 // What a server tells about itself is read together.
namespace Honu.Hosting;

/// <summary>Who a server's store is and what it accepts.</summary>
public sealed record StoreInfo
{
    /// <summary>The store's identity.</summary>
    public required StoreInfoIdentity Identity { get; init; }

    /// <summary>Namespaces that hold or held objects, in ordinal order of their UTF-8.</summary>
    public required IReadOnlyList<string> Namespaces { get; init; }

    /// <summary>Longest value in bytes that the store accepts.</summary>
    public required long MaxValueBytes { get; init; }

    /// <summary>Version of the server's software.</summary>
    public required string ServerVersion { get; init; }

    /// <summary>Counts and sizes, when they were asked for.</summary>
    public StoreFigures? Figures { get; init; }
}

/// <summary>Who a store is.</summary>
/// <param name="StoreId">Random, made when the store was created.</param>
/// <param name="Replica">Its replica.</param>
/// <param name="Cluster">Empty when it belongs to no named cluster.</param>
/// <param name="Region">Empty when none was given.</param>
/// <param name="Clock">"hybrid" or "lamport".</param>
public sealed record StoreInfoIdentity(Guid StoreId, ReplicaId Replica, string Cluster, string Region, string Clock);

/// <summary>Counts and sizes of a store.</summary>
/// <param name="Namespaces">Per namespace.</param>
/// <param name="DiskBytes">What its files take.</param>
/// <param name="EngineMemoryBytes">Native memory of the engine.</param>
/// <param name="Updates">Remote versions applied since it was opened, by <see cref="UpdateKind"/>.</param>
public sealed record StoreFigures(
    IReadOnlyList<NamespaceFigures> Namespaces,
    long DiskBytes,
    long EngineMemoryBytes,
    IReadOnlyDictionary<string, long> Updates);

/// <summary>Counts and sizes of one namespace.</summary>
/// <param name="Name">The namespace.</param>
/// <param name="Objects">Live objects.</param>
/// <param name="Tombstones">Deleted objects that are still remembered.</param>
/// <param name="ValueBytes">Length of all current values.</param>
/// <param name="HistoryEntries">Earlier versions kept.</param>
/// <param name="HistoryBytes">What they take.</param>
/// <param name="Vector">Per replica the highest scalar covered.</param>
public sealed record NamespaceFigures(
    string Name,
    long Objects,
    long Tombstones,
    long ValueBytes,
    long HistoryEntries,
    long HistoryBytes,
    IReadOnlyDictionary<ReplicaId, ulong> Vector);

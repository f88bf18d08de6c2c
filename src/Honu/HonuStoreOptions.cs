using Honu.Engines;
using Honu.Format;

namespace Honu;

/// <summary>What an acknowledged write survives.</summary>
public enum Durability
{
    /// <summary>A killed process. The operating system has the bytes; a power loss may take the last of them.</summary>
    Flushed = 0,

    /// <summary>Power loss. Costs a flush of the disk, shared by all threads that write at the moment.</summary>
    Synced = 1,
}

/// <summary>What a read checks.</summary>
public enum Integrity
{
    /// <summary>The record's own checksum and the engine's block checksums: a flipped bit is an error, also where it would make a key seem absent.</summary>
    Full = 0,

    /// <summary>The record's own checksum only: a third faster, but damage can make a key seem absent.</summary>
    Records = 1,
}

/// <summary>How the engine stores blocks of its tables.</summary>
public enum StoreCompression
{
    /// <summary>Compressed by Snappy; a block that shrinks by less than an eighth is stored as it is.</summary>
    Snappy = 0,

    /// <summary>As they are.</summary>
    None = 1,
}

/// <summary>How a store is opened. Every property has a default; <see cref="HonuStore.Open"/> checks all of them and names every fault.</summary>
public sealed record HonuStoreOptions
{
    /// <summary>The replica's number, unique in its cluster. Only for a new store, or one whose number was drawn and not chosen.</summary>
    /// <value>Default <see langword="null"/>: drawn at random when the store is created, and kept.</value>
    public uint? Pid { get; init; }

    /// <summary>Where the store stands, for example <c>eu-west</c>; told to peers.</summary>
    /// <value>Default <see langword="null"/>: unknown.</value>
    public string? Region { get; init; }

    /// <summary>Who writes here, for people; told to peers.</summary>
    /// <value>Default <see langword="null"/>: nobody in particular.</value>
    public string? Owner { get; init; }

    /// <summary>The cluster's name. The first one that a store is given stays; replicas of different clusters refuse each other.</summary>
    /// <value>Default <see langword="null"/>: the store's own, or none.</value>
    public string? Cluster { get; init; }

    /// <summary>How versions are counted; chosen when the store is created.</summary>
    /// <value>Default <see langword="null"/>: <see cref="VersionClock.Hybrid"/> for a new store, the store's own otherwise.</value>
    public VersionClock? Clock { get; init; }

    /// <summary>What an acknowledged write survives, unless <see cref="WriteOptions.Durability"/> says otherwise for one write.</summary>
    /// <value>Default <see cref="Durability.Flushed"/>.</value>
    public Durability Durability { get; init; } = Durability.Flushed;

    /// <summary>How much of an object's past is kept, in namespaces whose <see cref="HonuNamespace.SetRetention"/> was never called.</summary>
    /// <value>Default the last 10 versions with their values.</value>
    public Retention Retention { get; init; } = Retention.Default;

    /// <summary>Decides conflicts in namespaces that <see cref="Resolvers"/> does not name. Must be the same on all replicas.</summary>
    /// <value>Default <see langword="null"/>: the version that wins is shown, and the conflict is listed by <see cref="HonuStore.Conflicts"/> until somebody writes the object.</value>
    public IConflictResolver? Resolver { get; init; }

    /// <summary>Decides conflicts, by namespace. Must be the same on all replicas.</summary>
    /// <value>Default empty: <see cref="Resolver"/> for all.</value>
    public IReadOnlyDictionary<string, IConflictResolver> Resolvers { get; init; } = System.Collections.Frozen.FrozenDictionary<string, IConflictResolver>.Empty;

    /// <summary>What a read checks.</summary>
    /// <value>Default <see cref="Integrity.Full"/>.</value>
    public Integrity Integrity { get; init; } = Integrity.Full;

    /// <summary>Whether a missing store is created. Without it, a directory that holds none is an error and stays as it is.</summary>
    /// <value>Default <see langword="true"/>.</value>
    public bool CreateIfMissing { get; init; } = true;

    /// <summary>Whether the store is opened for reading only: every call that would change it throws, and Honu writes nothing of its own, no new epoch either.</summary>
    /// <remarks>A missing store is an error, whatever <see cref="CreateIfMissing"/> says. LevelDB itself still takes its lock and moves what its log holds into a table, so the directory must be writable.</remarks>
    /// <value>Default <see langword="false"/>.</value>
    public bool ReadOnly { get; init; }

    /// <summary>Longest value in bytes, for local writes and for records from peers. Must be the same on all replicas.</summary>
    /// <value>Default 16 MiB.</value>
    public int MaxValueBytes { get; init; } = StoreLimits.DefaultMaxValueBytes;

    /// <summary>How far a peer's clock may be ahead before its writes wait.</summary>
    /// <value>Default 60 s.</value>
    public TimeSpan MaxClockDrift { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How many objects a full reconcile, after a long absence, may delete without asking: more than this part of a namespace, and more than <see cref="ReconcileLimitObjects"/>, is refused until <see cref="ReplicationPort.AllowReconcile"/>.</summary>
    /// <value>Default 0.1; 1 never refuses.</value>
    public double ReconcileLimitFraction { get; init; } = 0.1;

    /// <summary>How many objects a full reconcile may always delete; see <see cref="ReconcileLimitFraction"/>.</summary>
    /// <value>Default 1,000.</value>
    public long ReconcileLimitObjects { get; init; } = 1000;

    /// <summary>Memory for uncompressed blocks that were read. Larger: fewer disk reads; the memory is native and not seen by the garbage collector.</summary>
    /// <value>Default 32 MiB.</value>
    public long BlockCacheBytes { get; init; } = 32L << 20;

    /// <summary>Memory for writes before they become a table. Larger: fewer compactions, a longer recovery after a kill.</summary>
    /// <value>Default 16 MiB.</value>
    public long WriteBufferBytes { get; init; } = 16L << 20;

    /// <summary>Bits per key of the engine's Bloom filter. More: fewer disk reads for missing keys, larger tables.</summary>
    /// <value>Default 10, about 1 % false positives.</value>
    public int BloomBitsPerKey { get; init; } = 10;

    /// <summary>How many current versions of lately written keys are remembered. An overwrite of any other key reads its current record first, which costs more than the rest of a put.</summary>
    /// <value>Default 65,536, 4.5 MB when all are used; 0 switches the cache off. It grows as it is needed.</value>
    public int HeadCacheEntries { get; init; } = 64 << 10;

    /// <summary>Bits per key of the filter in memory that tells surely missing keys without asking the engine. More: fewer needless reads.</summary>
    /// <value>Default 12, about 0.5 % false positives and 1.5 to 6 MB per million keys; 0 switches the filter off. Engines without a directory have none.</value>
    public int PresenceFilterBitsPerKey { get; init; } = 12;

    /// <summary>How the engine stores blocks of its tables.</summary>
    /// <value>Default <see cref="StoreCompression.Snappy"/>. <see cref="StoreCompression.None"/> saves its CPU where values are compressed or encrypted already; tables that exist stay readable either way.</value>
    public StoreCompression Compression { get; init; } = StoreCompression.Snappy;

    /// <summary>The database underneath.</summary>
    /// <value>Default <see langword="null"/>: LevelDB in the store's directory.</value>
    public IStorageEngineFactory? Engine { get; init; }

    /// <summary>How often work that waits in the background goes on: removing history that is too old, a bounded step at a time.</summary>
    /// <value>Default 1 s; <see cref="Timeout.InfiniteTimeSpan"/> leaves it to <see cref="HonuStore.RunMaintenance"/>.</value>
    public TimeSpan MaintenanceInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often all current records are read again and compared with the digest of what was written: finds records that the disk has lost. More often: found sooner, more disk reads.</summary>
    /// <value>Default a day, counted on over restarts; <see cref="Timeout.InfiniteTimeSpan"/> for never.</value>
    public TimeSpan ScrubInterval { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Where time, randomness and the boot id come from.</summary>
    /// <value>Default <see cref="StoreEnvironment.Machine"/>.</value>
    public StoreEnvironment Environment { get; init; } = StoreEnvironment.Machine;

    internal IConflictResolver? ResolverOf(string ns) => Resolvers.GetValueOrDefault(ns) ?? Resolver;

    internal PlantedFaults Faults { get; init; }

    /// <summary>The formats that this build knows: tests pretend to be a later build.</summary>
    internal FormatUpgrades Formats { get; init; } = FormatUpgrades.OfThisBuild;
}

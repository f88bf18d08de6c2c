using Honu.Engines;
using Honu.Writing;

namespace Honu;

/// <summary>
/// An open store: a directory of objects, each with a key, a value and a version, that keeps older versions and can be replicated.
/// </summary>
/// <remarks>
/// Thread-safe: any number of threads read while others write; writes are committed one after the other. Open a directory once and
/// share the instance. The members without a namespace work on <see cref="DefaultNamespace"/>; <see cref="Namespace"/> gives the
/// same members for another one. After <see cref="Dispose"/> every member throws <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed partial class HonuStore : IDisposable
{
    /// <summary>The namespace of the members that name none.</summary>
    public const string DefaultNamespace = "default";

    private readonly StoreCore _core;
    private readonly HonuNamespace _default;

    private HonuStore(StoreCore core)
    {
        _core = core;
        _default = new HonuNamespace(core, DefaultNamespace);
        Replication = new ReplicationPort(core);
        Telemetry.Add(core);
        if (!core.Options.ReadOnly)
            core.Background.Start();
    }

    /// <summary>The store's directory; empty for one in memory.</summary>
    public string Path => _core.Path;

    /// <summary>Who the store is.</summary>
    public StoreIdentity Identity => _core.Identity;

    /// <summary>The time that times to live are counted by: that of <see cref="StoreEnvironment.Time"/>, or of the latest version that was made or received where that is ahead of it.</summary>
    /// <value>With <see cref="VersionClock.Lamport"/> always that of the environment: such versions do not tell their time.</value>
    public DateTimeOffset Now
    {
        get
        {
            _core.ThrowIfDisposed();
            return _core.Identity.Clock == VersionClock.Hybrid
                ? DateTimeOffset.FromUnixTimeMilliseconds((long)(_core.Clock.Now >> HybridLogicalClock.CounterBits))
                : _core.Options.Environment.Time.GetUtcNow();
        }
    }

    /// <summary>What replication builds on.</summary>
    public ReplicationPort Replication { get; }

    /// <summary>The namespaces that were ever written to, in the order of their UTF-8 bytes.</summary>
    public IReadOnlyList<string> Namespaces => NamesOf(_core);

    /// <summary>Opens the store in a directory, creating it when there is none (see <see cref="HonuStoreOptions.CreateIfMissing"/>).</summary>
    /// <param name="path">The directory. Nothing else may use it.</param>
    /// <param name="options">How to open it; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names all that are.</exception>
    /// <exception cref="HonuStoreLockedException">The store is open already, in this process or another one.</exception>
    /// <exception cref="HonuFormatException">The directory is no Honu store, or one of a format that this build does not know. Nothing was written.</exception>
    /// <exception cref="HonuCorruptionException">The store is damaged.</exception>
    /// <exception cref="HonuIOException">The disk or the file system refused.</exception>
    public static HonuStore Open(string path, HonuStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new HonuStore(StoreOpener.Open(System.IO.Path.GetFullPath(path), options ?? new HonuStoreOptions()));
    }

    /// <summary>Opens an empty store in memory: for caches and tests. Nothing survives its disposal.</summary>
    public static HonuStore OpenInMemory(HonuStoreOptions? options = null) =>
        new(StoreOpener.Open("", (options ?? new HonuStoreOptions()) with { Engine = MemoryEngine.Factory }));

    /// <summary>The same members for another namespace. Creates nothing: a namespace comes into being with its first object.</summary>
    /// <exception cref="ArgumentException">The name has not 1 to 255 bytes of UTF-8.</exception>
    public HonuNamespace Namespace(string name)
    {
        StoreLimits.CheckNamespace(name);
        return name == DefaultNamespace ? _default : new HonuNamespace(_core, name);
    }

    /// <summary>A consistent view of all namespaces that later writes do not change. Dispose it: an old one keeps old data alive.</summary>
    public HonuSnapshot CreateSnapshot()
    {
        _core.ThrowIfDisposed();
        return new HonuSnapshot(_core);
    }

    /// <summary>Closes the store: waits for the write in progress, then makes everything durable. Calling it again does nothing.</summary>
    public void Dispose() => _core.Close();

    internal static List<string> NamesOf(StoreCore core)
    {
        core.ThrowIfDisposed();
        return InOrder(core.Namespaces.All.Select(static state => state.Name));
    }

    // Ordinal comparison of UTF-16 differs from the order of UTF-8 bytes where surrogates meet.
    internal static List<string> InOrder(IEnumerable<string> names)
    {
        var sorted = names.ToList();
        sorted.Sort(static (a, b) => StoreLimits.StrictUtf8.GetBytes(a).AsSpan().SequenceCompareTo(StoreLimits.StrictUtf8.GetBytes(b)));
        return sorted;
    }
}

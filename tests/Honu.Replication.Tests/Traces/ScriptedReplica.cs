using System.Globalization;
using System.Text;
using Honu.TestKit;

namespace Honu.Replication.Tests.Traces;

/// <summary>A replica of a script: a real store on a disk that can fail (or in a real directory), and its real state machine. Nothing happens unless the script says so.</summary>
internal sealed class ScriptedReplica : IDisposable
{
    public const string Ns = HonuStore.DefaultNamespace;

    private readonly Func<ReplicaOptions, ReplicaOptions>? _configure;
    private readonly IConflictResolver? _resolver;
    private readonly string? _directory;
    private int _boot;

    public ScriptedReplica(uint pid, VersionClock clock = VersionClock.Lamport, FaultyDisk? disk = null, Func<ReplicaOptions, ReplicaOptions>? configure = null, IConflictResolver? resolver = null, string? directory = null)
    {
        Pid = pid;
        Clock = clock;
        Disk = disk ?? new FaultyDisk();
        _configure = configure;
        _resolver = resolver;
        _directory = directory;
        (Store, Machine) = Open();
    }

    public uint Pid { get; }

    public VersionClock Clock { get; }

    public FaultyDisk Disk { get; }

    public ManualTimeProvider Time { get; } = new();

    public HonuStore Store { get; private set; }

    public Replica Machine { get; private set; }

    public ReplicaId Id => Store.Identity.Replica;

    public NamespaceReplication State => Store.Replication.State(Ns);

    public VersionVector Vector => Store.Replication.State(Ns).Vector;

    public long LooseRecords => Store.Replication.State(Ns).LooseRecords;

    public VersionId Put(string key, string value) => Store.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value)).Id;

    public VersionId Delete(string key)
    {
        Assert.True(Store.Delete(Encoding.UTF8.GetBytes(key), out var tombstone));
        return tombstone.Id;
    }

    public string? Get(string key) => Store.Get(Encoding.UTF8.GetBytes(key)) is { } value ? Encoding.UTF8.GetString(value) : null;

    public VersionId VersionOf(string key)
    {
        Store.TryGetVersion(Encoding.UTF8.GetBytes(key), out var version);
        return version.Id;
    }

    public IReadOnlyList<HistoryEntry> History(string key) => Store.History(Encoding.UTF8.GetBytes(key));

    public bool HasConflict(string key) => History(key).Any(static entry => entry.LostConflict);

    /// <summary>The machine loses power and starts again, in another boot.</summary>
    public void LosePower(Func<int, bool>? survives = null)
    {
        Disk.LosePower(survives);
        _boot++;
        (Store, Machine) = Open();
    }

    /// <summary>The process is killed and starts again, in the same boot.</summary>
    public void Kill() => (Store, Machine) = Open();

    public void Dispose() => Guard.Run(Store.Dispose);

    private (HonuStore Store, Replica Machine) Open()
    {
        var store = HonuStore.Open(_directory ?? "scripted", new HonuStoreOptions
        {
            Pid = Pid,
            Clock = Clock,
            Engine = _directory is null ? Disk : null,
            Resolver = _resolver,
            Environment = new StoreEnvironment { Time = Time, BootId = _boot.ToString(CultureInfo.InvariantCulture) },
        });
        var options = new ReplicaOptions { ChunkRecords = 1 };
        return (store, new Replica(store.Replication, _configure is null ? options : _configure(options)));
    }
}

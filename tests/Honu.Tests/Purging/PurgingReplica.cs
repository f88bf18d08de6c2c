using System.Text;
using Honu.TestKit;

namespace Honu.Tests.Purging;

/// <summary>A replica of a script, without sessions: a real store on a disk in memory, and what its peers have acknowledged to it.</summary>
internal sealed class PurgingReplica : IDisposable
{
    public const string Ns = HonuStore.DefaultNamespace;

    private readonly Func<HonuStoreOptions, HonuStoreOptions>? _configure;
    private int _boot;

    public PurgingReplica(uint pid, Func<HonuStoreOptions, HonuStoreOptions>? configure = null)
    {
        Pid = pid;
        _configure = configure;
        Store = Open();
    }

    public uint Pid { get; }

    public FaultyDisk Disk { get; } = new();

    public ManualTimeProvider Time { get; } = new();

    public HonuStore Store { get; private set; }

    public ReplicationPort Port => Store.Replication;

    public ReplicaId Id => Store.Identity.Replica;

    public NamespaceReplication State => Port.State(Ns);

    public VersionId Put(string key, string value) => Store.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value)).Id;

    public VersionId Delete(string key)
    {
        Assert.True(Store.Delete(Encoding.UTF8.GetBytes(key), out var tombstone));
        return tombstone.Id;
    }

    public string? Get(string key) => Store.Get(Encoding.UTF8.GetBytes(key)) is { } value ? Encoding.UTF8.GetString(value) : null;

    public ObjectVersion VersionOf(string key)
    {
        Store.TryGetVersion(Encoding.UTF8.GetBytes(key), out var version);
        return version;
    }

    /// <summary>Whether nothing at all is left of a key.</summary>
    public bool HasForgotten(string key) => VersionOf(key).IsNone && Store.History(Encoding.UTF8.GetBytes(key)).Count == 0;

    /// <summary>What the replica would acknowledge to its peers, after a barrier.</summary>
    public VersionVector Acknowledge()
    {
        Port.Barrier();
        return State.Durable;
    }

    /// <summary>Purges as far as these members let it; all of it, however many calls it takes.</summary>
    public long Purge(params PurgingReplica[] members) => PurgeFor(members.Select(static member => member.Acknowledge()).ToArray());

    public long PurgeFor(params VersionVector[] acknowledged)
    {
        for (var purged = 0L; ;)
        {
            var result = Port.Purge(Ns, acknowledged, 100);
            purged += result.Purged;
            if (!result.HasMore)
                return purged;
        }
    }

    /// <summary>The live objects, by key.</summary>
    public SortedDictionary<string, string> Content()
    {
        var content = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in Store.Scan())
            content.Add(Encoding.UTF8.GetString(entry.Key), Encoding.UTF8.GetString(entry.Value));
        return content;
    }

    /// <summary>The process is killed and starts again, in the same boot.</summary>
    public void Kill() => Store = Open();

    /// <summary>The machine loses power and starts again.</summary>
    public void LosePower(Func<int, bool>? survives = null)
    {
        Disk.LosePower(survives);
        _boot++;
        Store = Open();
    }

    /// <summary>What verify says; the store stays open.</summary>
    public void AssertHealthy()
    {
        var report = Store.Verify();
        Assert.True(report.IsHealthy, string.Join("; ", report.Problems));
        Assert.Equal(0, report.UnknownEntries);
    }

    public void Dispose() => Guard.Run(Store.Dispose);

    private HonuStore Open()
    {
        var options = new HonuStoreOptions
        {
            Pid = Pid,
            Clock = VersionClock.Lamport,
            Engine = Disk,
            MaintenanceInterval = Timeout.InfiniteTimeSpan,
            Environment = StoreEnvironment.Machine with { Time = Time, BootId = $"boot {_boot}" },
        };
        return HonuStore.Open("memory", _configure?.Invoke(options) ?? options);
    }
}

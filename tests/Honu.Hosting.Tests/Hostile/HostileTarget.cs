using System.Text;
using Honu.Replication;
using Honu.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Honu.Hosting.Tests.Hostile;

/// <summary>The replica that is attacked: a LevelDB store with some objects and deletions, served by a real Kestrel on the loopback, with one configured peer that it knows well.</summary>
internal sealed class HostileTarget : IAsyncDisposable
{
    public const string Ns = HonuStore.DefaultNamespace;

    /// <summary>The pid of the target.</summary>
    public const uint Pid = 1;

    /// <summary>The pid of the peer that the target is configured with: it has synchronized before the attack.</summary>
    public const uint SeedPid = 2;

    /// <summary>Longest value, so that messages end at 9 MiB.</summary>
    public const int MaxValueBytes = 1 << 20;

    private readonly TestDirectory _directory;
    private readonly WebApplication _app;

    private HostileTarget(TestDirectory directory, WebApplication app)
    {
        _directory = directory;
        _app = app;
        Address = Loopback.AddressOf(app.Services);
    }

    public string Address { get; }

    public HonuStore Store => _app.Services.GetRequiredService<HonuStore>();

    public ReplicaHost Host => _app.Services.GetRequiredService<ReplicaHost>();

    /// <summary>Starts the target with its objects.</summary>
    /// <param name="objects">How many objects it holds.</param>
    /// <param name="grants">What it allows; <see langword="null"/> for everything.</param>
    /// <param name="dissemination">Whether it takes rumors.</param>
    public static async Task<HostileTarget> Start(int objects = 40, AccessGrants? grants = null, Dissemination dissemination = Dissemination.Sessions)
    {
        var directory = new TestDirectory();
        var app = await Loopback.Serve(services =>
        {
            services.AddHonu(directory.Combine("db"), new HonuStoreOptions { Pid = Pid, Cluster = "c", MaxValueBytes = MaxValueBytes });
            services.AddHonuReplica(new HonuReplicaOptions { Grants = grants, Dissemination = dissemination });
        });
        var target = new HostileTarget(directory, app);
        for (var i = 0; i < objects; i++)
            target.Store.Put(Encoding.UTF8.GetBytes($"key/{i:D6}"), Encoding.UTF8.GetBytes($"value {i}"));
        for (var i = 0; i < objects; i += 10)
            target.Store.Delete(Encoding.UTF8.GetBytes($"key/{i:D6}"), out _);
        await target.SyncGoodPeer(SeedPid);
        return target;
    }

    /// <summary>
    /// Everything that an attack must not change: who the store is, its clock, and of each namespace all objects with their versions, the vector, the
    /// frontier, the purge mark, and what is loose, deferred, quarantined or in conflict. What may change: that a caller was heard of
    /// (members and descriptions of replicas), cursors, and counters.
    /// </summary>
    public string Fingerprint()
    {
        var text = new StringBuilder();
        var port = Store.Replication;
        text.AppendLine($"{Store.Identity} clock {port.ClockScalar}");
        foreach (var name in Store.Namespaces)
        {
            var state = port.State(name);
            text.AppendLine($"{name} {state.Vector} frontier {state.Frontier} mark {state.PurgeMark} loose {state.LooseRecords} deferred {state.Deferred} quarantined {state.Quarantined} conflicts {port.CountConflicts(name)}");
            foreach (var entry in Store.Namespace(name).Scan())
                text.AppendLine($"  {Convert.ToHexString(entry.Key)} {entry.Version} {Convert.ToHexString(entry.Value)}");
        }

        return text.ToString();
    }

    /// <summary>Who is configured, and what each member counts for.</summary>
    public async Task<string> SeedState()
    {
        var status = await Guard.Within(Host.GetStatusAsync(CancellationToken.None));
        return string.Join(' ', status.Members.Where(static member => member.Replica.Pid == SeedPid).Select(static member => $"{member.Replica.Pid} {member.State}"));
    }

    /// <summary>A new good peer synchronizes with the target and must hold what the target holds.</summary>
    public async Task SyncGoodPeer(uint pid)
    {
        using var store = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = pid, Cluster = "c", MaxValueBytes = MaxValueBytes });
        await using var host = new ReplicaHost(store, new HonuReplicaOptions());
        await Guard.Within(host.StartAsync(CancellationToken.None));
        await Guard.Within(SyncPatiently(host));
        Assert.Equal(Contents(Store), Contents(store));
    }

    public async ValueTask DisposeAsync()
    {
        await Guard.Within(_app.StopAsync());
        await _app.DisposeAsync();
        _directory.Dispose();
    }

    private static List<string> Contents(HonuStore store)
    {
        var contents = new List<string>();
        foreach (var entry in store.Scan())
            contents.Add($"{Convert.ToHexString(entry.Key)} {entry.Version.Id} {Convert.ToHexString(entry.Value)}");
        return contents;
    }

    // Told to come back is no failure, as long as coming back helps.
    private async Task SyncPatiently(ReplicaHost host)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await host.SyncAsync(Address, CancellationToken.None);
                return;
            }
            catch (HonuReplicationException error) when (error.Outcome == SyncOutcome.Interrupted && attempt < 20)
            {
                await Task.Yield();
            }
        }
    }
}

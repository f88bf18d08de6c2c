using System.Globalization;
using System.Text;
using Honu.Engines;
using Honu.Format;
using Honu.Replication;

namespace Honu.Simulation;

/// <summary>What operators and machines do to replicas over months, in half a minute: purges, retirements, backups that come back, copies, dropped subscriptions, lost records, wrong clocks.</summary>
/// <remarks>Which of these a run has follows from its seed, so that a failure has few causes: see <see cref="TrustFeatures"/>.</remarks>
public sealed class TrustScenario
{
    /// <summary>The namespaces that are written to.</summary>
    internal static readonly string[] Namespaces = ["orders", "people"];

    private const int Keys = 8;

    private readonly SimulatedCluster _cluster;
    private readonly TrustChecker _checker;
    private readonly TrustFeatures _features;
    private readonly Random _random;
    private readonly HashSet<int> _inUse;
    private readonly Dictionary<int, TimeSpan> _awayUntil = [];
    private readonly List<(int Replica, EngineSnapshot Copy)> _backups = [];
    private readonly HashSet<string> _vanished = new(StringComparer.Ordinal);

    /// <summary>Sets the scenario up.</summary>
    /// <param name="options">What is simulated; <see cref="HarshOptions"/>.</param>
    /// <param name="features">What happens.</param>
    public TrustScenario(SimulationOptions options, TrustFeatures features)
    {
        _features = features;
        _cluster = new SimulatedCluster(options);
        _checker = new TrustChecker(_cluster);
        _random = _cluster.Random;

        // The last one has an empty disk until it joins, or gets a copy of another one's.
        _inUse = [.. Enumerable.Range(0, options.Replicas - 1)];
    }

    /// <summary>How often each thing happened that the scenario is about.</summary>
    public IReadOnlyDictionary<string, int> Happened => _checker.Happened;

    /// <summary>What happens in the run of a seed.</summary>
    public static TrustFeatures FeaturesOf(int seed) => (seed % 6) switch
    {
        0 => TrustFeatures.Away,
        1 => TrustFeatures.Away | TrustFeatures.Drift,
        2 => TrustFeatures.Restore | TrustFeatures.Copy,
        3 => TrustFeatures.Drop | TrustFeatures.Away,
        4 => TrustFeatures.Vanish,
        _ => TrustFeatures.Away | TrustFeatures.Restore | TrustFeatures.Copy | TrustFeatures.Drop | TrustFeatures.Drift,
    };

    /// <summary>The faults and clocks under which the scenario runs.</summary>
    public static SimulationOptions HarshOptions(int seed) => ConvergenceScenario.HarshOptions(seed) with
    {
        // With the Lamport clock there is no drift to defer.
        Clock = seed % 5 == 0 && !FeaturesOf(seed).HasFlag(TrustFeatures.Drift) ? VersionClock.Lamport : VersionClock.Hybrid,

        // Slow links, on which a purge overtakes what it has deleted.
        MaxLatency = TimeSpan.FromMilliseconds(seed % 4 == 1 ? 600 : 80),
        MaxSkew = TimeSpan.FromSeconds(FeaturesOf(seed).HasFlag(TrustFeatures.Drift) ? 50 : 5),
        OneSeed = true,
        PurgeInterval = TimeSpan.FromMilliseconds(seed % 2 == 0 ? 700 : 2500),
        Subscriptions = Namespaces,
    };

    /// <summary>Runs the scenario of a seed.</summary>
    /// <param name="options">What is simulated.</param>
    /// <param name="duration">How long things happen.</param>
    /// <returns>The violations found; empty when all is well.</returns>
    public static IReadOnlyCollection<string> Run(SimulationOptions options, TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new TrustScenario(options, FeaturesOf(options.Seed)).Run(duration);
    }

    /// <summary>Runs the scenario.</summary>
    public IReadOnlyCollection<string> Run(TimeSpan duration)
    {
        StartAll();
        var end = _cluster.Time.Now + duration;
        while (_cluster.Time.Now < end)
        {
            _cluster.Run(TimeSpan.FromMilliseconds(_random.Next(200)));
            Step(_cluster.Replicas[_random.Next(_inUse.Count)]);
        }

        Settle();
        _checker.CheckSettled(_cluster.Replicas);
        return _checker.Violations;
    }

    private void Step(SimulatedReplica replica)
    {
        Return();
        switch (_random.Next(100))
        {
            case < 60 when replica.IsRunning:
                Write(replica);
                break;
            case < 65:
                _cluster.Network.SetCut(replica.Index, _random.Next(_cluster.Replicas.Count), isCut: true);
                break;
            case < 75:
                Heal();
                break;
            case < 78 when replica.IsRunning:
                replica.Kill();
                break;
            case < 80 when replica.IsRunning:
                _checker.LosePower(replica);
                break;
            case < 84 when _features.HasFlag(TrustFeatures.Away):
                SendAway(replica);
                break;
            case < 88 when _features.HasFlag(TrustFeatures.Restore):
                BackupOrRestore(replica);
                break;
            case < 89 when _features.HasFlag(TrustFeatures.Copy) && replica.IsRunning:
                CopyToSpare(replica);
                break;
            case < 92 when _features.HasFlag(TrustFeatures.Drop) && replica.IsRunning:
                DropOrAdd(replica);
                break;
            case < 93 when _features.HasFlag(TrustFeatures.Vanish) && replica.IsRunning:
                Vanish(replica);
                break;
            case < 94 when replica.IsRunning:
                replica.Verify(_cluster.Replicas[(replica.Index + 1) % _inUse.Count]);
                break;
            default:
                StartAll();
                break;
        }
    }

    private void StartAll()
    {
        foreach (var index in _inUse.Where(index => !_cluster.Replicas[index].IsRunning))
            _cluster.Replicas[index].Start();
    }

    // Who is away stays away.
    private void Heal()
    {
        _cluster.Network.Heal();
        foreach (var away in _awayUntil.Keys)
            CutOff(away);
    }

    private void CutOff(int away)
    {
        foreach (var other in _cluster.Replicas.Where(other => other.Index != away))
            _cluster.Network.SetCut(away, other.Index, isCut: true);
    }

    private void SendAway(SimulatedReplica replica)
    {
        if (_awayUntil.Count > 0 || !replica.IsRunning)
            return;
        _checker.Count("away");
        _awayUntil.Add(replica.Index, _cluster.Time.Now + TimeSpan.FromSeconds(3 + _random.Next(8)));
        CutOff(replica.Index);
        foreach (var other in _cluster.Replicas.Where(other => other.IsRunning && other.Index != replica.Index && other.Members.Any(member => member.Replica.Pid == replica.Index + 1)))
            other.Tell(new ReplicaEvent.MemberRetired((uint)replica.Index + 1));
    }

    private void Return()
    {
        foreach (var back in _awayUntil.Where(away => away.Value <= _cluster.Time.Now).Select(static away => away.Key).ToList())
        {
            _awayUntil.Remove(back);
            Heal();
        }
    }

    private void BackupOrRestore(SimulatedReplica replica)
    {
        var mine = _backups.FindAll(backup => backup.Replica == replica.Index);
        if (mine.Count == 0 || _random.Next(3) == 0)
        {
            _backups.Add((replica.Index, replica.Disk.Copy()));
        }
        else if (replica.IsRunning)
        {
            // The same one again and again as well.
            _checker.Count("restored");
            _checker.MayLose(replica, Namespaces);
            replica.Kill();
            replica.Disk.Restore(mine[_random.Next(mine.Count)].Copy);
            replica.Start();
        }
    }

    private void CopyToSpare(SimulatedReplica replica)
    {
        var spare = _cluster.Replicas[^1];
        if (_inUse.Contains(spare.Index))
            return;
        _checker.Count("copied");
        if (_random.Next(2) == 0)
        {
            replica.Close();
            spare.Disk.Restore(replica.Disk.Copy());
            replica.Start();
        }
        else
        {
            spare.Disk.Restore(replica.Disk.Copy());
        }

        _inUse.Add(spare.Index);
        spare.Start();
    }

    private void DropOrAdd(SimulatedReplica replica)
    {
        var ns = Namespaces[_random.Next(Namespaces.Length)];
        if (!replica.Subscriptions.Wants(ns))
        {
            replica.Tell(new ReplicaEvent.SubscriptionAdded(ns));
        }
        else
        {
            _checker.Count("dropped");
            _checker.MayLose(replica, [ns]);
            replica.Tell(new ReplicaEvent.SubscriptionRemoved(ns, Drop: true));
        }
    }

    // A live record that another replica holds durably goes, and nothing notices.
    private void Vanish(SimulatedReplica replica)
    {
        using var copy = new MemoryEngine(replica.Disk.Copy());
        using var rows = copy.CreateIterator();
        var found = new List<byte[]>();
        for (rows.Seek([KeySpaces.Current]); rows.IsValid && rows.Key[0] == KeySpaces.Current; rows.Next())
        {
            var (key, version) = (Encoding.UTF8.GetString(rows.Key[3..]), RecordReader.ReadVersion(rows.Value));
            if (!_vanished.Contains(key) && _cluster.Replicas.Any(other => other != replica && other.IsRunning && Namespaces.Any(ns =>
                other.Store.Namespace(ns).TryGetVersion(Encoding.UTF8.GetBytes(key), out var held) && held.Id == version && !held.IsDeleted && other.Store.Replication.State(ns).Durable.Covers(version))))
                found.Add(rows.Key.ToArray());
        }

        if (found.Count == 0)
            return;
        var row = found[_random.Next(found.Count)];
        _checker.Count("vanished");
        _vanished.Add(Encoding.UTF8.GetString(row.AsSpan(3)));
        _checker.Excuse(Encoding.UTF8.GetString(row.AsSpan(3)));
        replica.Disk.Lose(row);
    }

    private void Write(SimulatedReplica replica)
    {
        var ns = Namespaces[_random.Next(Namespaces.Length)];
        if (!replica.Subscriptions.Wants(ns))
            return;
        var key = "k" + _random.Next(Keys).ToString(CultureInfo.InvariantCulture);
        var bytes = Encoding.UTF8.GetBytes(key);
        var options = _random.Next(3) == 0 ? WriteOptions.Synced : default;
        if (_random.Next(5) < 2)
        {
            if (replica.Store.Namespace(ns).Delete(bytes, out var tombstone, options))
                _checker.Wrote(replica, ns, key, tombstone.Id, value: null, options);
        }
        else
        {
            var value = _random.NextInt64().ToString(CultureInfo.InvariantCulture);
            _checker.Wrote(replica, ns, key, replica.Store.Namespace(ns).Put(bytes, Encoding.UTF8.GetBytes(value), options).Id, value, options);
        }
    }

    // Peace: everybody is there and wants everything. What was lost silently is found by comparing contents.
    private void Settle()
    {
        _awayUntil.Clear();
        _cluster.Network.IsLossy = false;
        _cluster.Network.Heal();
        _inUse.UnionWith(_cluster.Replicas.Select(static replica => replica.Index));
        StartAll();
        foreach (var replica in _cluster.Replicas)
        {
            foreach (var ns in Namespaces)
                replica.Tell(new ReplicaEvent.SubscriptionAdded(ns));
        }

        for (var round = 0; round < 4; round++)
        {
            _cluster.Settle(TimeSpan.FromMinutes(4));
            if (_features.HasFlag(TrustFeatures.Vanish) && round == 0)
                Vanish(_cluster.Replicas[_random.Next(_cluster.Replicas.Count)]);
            if (_checker.IsContentEqual && round > 0)
                break;
            foreach (var replica in _cluster.Replicas)
            {
                replica.Verify(_cluster.Replicas[(replica.Index + 1 + (round % (_cluster.Replicas.Count - 1))) % _cluster.Replicas.Count]);
                _cluster.Run(TimeSpan.FromSeconds(5));
            }
        }

        // Deletions that everybody holds now go, and nothing must come back.
        _cluster.Run(TimeSpan.FromSeconds(10));
        _cluster.Settle(TimeSpan.FromMinutes(1));
    }
}

/// <summary>What happens in a run of <see cref="TrustScenario"/>, beside writes, cuts, kills, power losses and purges.</summary>
[Flags]
public enum TrustFeatures
{
    /// <summary>Nothing else.</summary>
    None = 0,

    /// <summary>A replica is cut off and retired, goes on writing, and comes back after purges.</summary>
    Away = 1,

    /// <summary>Clocks differ by more than the drift bound: records are deferred.</summary>
    Drift = 2,

    /// <summary>A copy of the disk from earlier takes the place of the disk, the same one also twice.</summary>
    Restore = 4,

    /// <summary>A copy of a replica's disk is started as another replica.</summary>
    Copy = 8,

    /// <summary>A subscription is given up with its data, and taken again.</summary>
    Drop = 16,

    /// <summary>Records go behind the back of the store.</summary>
    Vanish = 32,
}

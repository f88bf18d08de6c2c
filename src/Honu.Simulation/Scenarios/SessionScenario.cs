using System.Globalization;
using System.Text;

namespace Honu.Simulation;

/// <summary>Clients that move at random between replicas with their tokens, under loss, cuts, kills and power losses.</summary>
public sealed class SessionScenario
{
    private static readonly string[] Namespaces = ["people", "orders"];

    private readonly SimulatedCluster _cluster;
    private readonly SimulatedSession[] _sessions;
    private readonly bool _ignoresTokens;
    private readonly List<(string Namespace, VersionId Version, DateTimeOffset At)> _durable = [];
    private readonly List<string> _violations = [];

    /// <summary>Sets the scenario up.</summary>
    /// <param name="options">What is simulated.</param>
    /// <param name="ignoresTokens">Plants the bug that must be caught: replicas answer without looking at the token.</param>
    public SessionScenario(SimulationOptions options, bool ignoresTokens = false)
    {
        _cluster = new SimulatedCluster(options);
        _sessions = [.. Enumerable.Range(0, 6).Select(static i => new SimulatedSession(string.Create(CultureInfo.InvariantCulture, $"session {i}")))];
        _ignoresTokens = ignoresTokens;
    }

    /// <summary>Judges the sessions.</summary>
    public SessionChecker Checker { get; } = new();

    /// <summary>How often a session had to wait for what its token asked for, and got it.</summary>
    public int Served { get; private set; }

    /// <summary>How often a replica said how recent it is, and was checked.</summary>
    public int MarksChecked { get; private set; }

    /// <summary>Runs the scenario.</summary>
    /// <returns>The violations found; empty when all is well.</returns>
    public IReadOnlyCollection<string> Run(TimeSpan duration)
    {
        _cluster.StartAll();
        var end = _cluster.Time.Now + duration;
        while (_cluster.Time.Now < end)
        {
            _cluster.Run(TimeSpan.FromMilliseconds(_cluster.Random.Next(30)));
            if (_cluster.Random.Next(12) == 0)
                Disturb();
            else
                Step(_sessions[_cluster.Random.Next(_sessions.Length)]);
            CheckMark();
        }

        return [.. _violations, .. Checker.Violations];
    }

    private void Disturb()
    {
        var random = _cluster.Random;
        var replica = _cluster.Replicas[random.Next(_cluster.Replicas.Count)];
        switch (random.Next(20))
        {
            case < 8:
                _cluster.Network.SetCut(replica.Index, random.Next(_cluster.Replicas.Count), isCut: true);
                break;
            case < 14:
                _cluster.Network.Heal();
                break;
            case < 16 when replica.IsRunning:
                replica.Kill();
                break;
            case < 17 when replica.IsRunning:
                replica.LosePower();
                break;
            default:
                _cluster.StartAll();
                break;
        }
    }

    private void Step(SimulatedSession session)
    {
        var random = _cluster.Random;
        var isWaiting = session.WaitsAt is { IsRunning: true };
        var replica = isWaiting ? session.WaitsAt! : _cluster.Replicas[random.Next(_cluster.Replicas.Count)];
        if (!replica.IsRunning)
            return;
        var ns = Namespaces[random.Next(Namespaces.Length)];
        var needed = session.Token.For(ns);
        if (!_ignoresTokens && !Covers(session, replica, needed))
        {
            Wait(session, replica, ns, needed, isWaiting);
            return;
        }

        if (isWaiting)
            Served++;
        (session.WaitsAt, session.Failures) = (null, 0);
        Act(session, replica, ns);
    }

    // A write that a power loss took is nobody's any more: the client hears of it, and goes on without it.
    private static bool Covers(SimulatedSession session, SimulatedReplica replica, CausalToken needed)
    {
        try
        {
            return replica.Store.Covers(needed);
        }
        catch (HonuException error) when (error.Code == HonuErrorCode.WriteLost)
        {
            session.Forget();
            return true;
        }
    }

    private void Wait(SimulatedSession session, SimulatedReplica replica, string ns, CausalToken needed, bool isWaiting)
    {
        if (!isWaiting)
        {
            session.WaitsAt = replica;
            session.Patience = _cluster.Time.Now + TimeSpan.FromSeconds(1.5);
            replica.Pull(ns, needed.Needs[ns]);
            return;
        }

        if (_cluster.Time.Now < session.Patience)
            return;
        session.WaitsAt = null;

        // What a power loss took is never had again: a client ends such a session.
        if (++session.Failures > 8)
            session.Forget();
    }

    private void Act(SimulatedSession session, SimulatedReplica replica, string ns)
    {
        var random = _cluster.Random;
        var key = "k" + random.Next(8).ToString(CultureInfo.InvariantCulture);
        var bytes = Encoding.UTF8.GetBytes(key);
        var space = replica.Store.Namespace(ns);
        switch (random.Next(10))
        {
            case < 6:
                space.Get(bytes, out var read);
                session.Keep(read.IsNone ? space.GetToken() : space.GetToken(read.Id));
                Checker.Read(session, ns, key, read.Id);
                break;
            case < 9:
                var options = random.Next(2) == 0 ? WriteOptions.Synced : default;
                Wrote(session, replica, ns, key, space.Put(bytes, Encoding.UTF8.GetBytes(session.Name), options).Id, options);
                break;
            default:
                if (space.Delete(bytes, out var tombstone, WriteOptions.Synced))
                    Wrote(session, replica, ns, key, tombstone.Id, WriteOptions.Synced);
                break;
        }
    }

    private void Wrote(SimulatedSession session, SimulatedReplica replica, string ns, string key, VersionId version, WriteOptions options)
    {
        Checker.Wrote(session, ns, key, version);
        session.Keep(replica.Store.Namespace(ns).GetToken(version));
        if (options.Durability == Durability.Synced)
            _durable.Add((ns, version, replica.Now));
    }

    // A replica that says that it has everything up to a moment has everything up to that moment.
    private void CheckMark()
    {
        var replica = _cluster.Replicas[_cluster.Random.Next(_cluster.Replicas.Count)];
        if (!replica.IsRunning || _cluster.Random.Next(4) != 0)
            return;
        if (_cluster.Random.Next(3) == 0)
            replica.Refresh(replica.Now);
        var ns = Namespaces[_cluster.Random.Next(Namespaces.Length)];
        if (replica.CompleteUpTo(ns) is not { } complete)
            return;
        MarksChecked++;
        var vector = replica.Store.Replication.State(ns).Vector;
        foreach (var (_, version, at) in _durable.Where(write => write.Namespace == ns && write.At <= complete && !vector.Covers(write.Version)))
            _violations.Add($"replica {replica.Index} said that it has everything of {ns} up to {complete:HH:mm:ss.fff}, but not {version} of {at:HH:mm:ss.fff}");
    }
}

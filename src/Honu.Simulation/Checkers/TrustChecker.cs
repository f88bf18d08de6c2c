using System.Text;
using Honu.Format;
using Honu.Replication;
using Honu.Replication.Messages;

namespace Honu.Simulation;

/// <summary>Keeps the books of a <see cref="TrustScenario"/>, and judges by them. Each violation is a sentence.</summary>
/// <remarks>
/// A write that may have gone with what was done to a replica (a power loss, a restored backup, a dropped namespace) and that no other replica held
/// durably is uncertain: it may come back, and need not. All others are certain: in the end each key is at the latest certain write, or above.
/// A version that nobody here wrote is a write that was issued again (R8, R12), and must have the content of one that somebody wrote.
/// </remarks>
internal sealed class TrustChecker
{
    private readonly SimulatedCluster _cluster;
    private readonly Dictionary<(string Namespace, string Key), List<Entry>> _entries = [];
    private readonly Dictionary<VersionId, Entry> _byVersion = [];
    private readonly HashSet<string> _excused = new(StringComparer.Ordinal);
    private readonly List<string> _violations = [];
    private readonly Dictionary<string, int> _happened = new(StringComparer.Ordinal);

    public TrustChecker(SimulatedCluster cluster)
    {
        _cluster = cluster;
        cluster.Network.Tap = (sender, _, _, message) => CheckMessage(sender, message);
        foreach (var replica in cluster.Replicas)
        {
            replica.SessionFinished += report => CheckSession(replica, report);
            replica.Disk.Synced += () => MarkDurable(replica.Index);
        }
    }

    public IReadOnlyCollection<string> Violations => _violations;

    public IReadOnlyDictionary<string, int> Happened => _happened;

    /// <summary>Whether all replicas hold the same objects, whatever their summaries say.</summary>
    public bool IsContentEqual => _entries.Keys.All(item => _cluster.Replicas.Select(replica => Read(replica, item.Namespace, item.Key)).Distinct(StringComparer.Ordinal).Count() == 1);

    public void Count(string what) => _happened[what] = _happened.GetValueOrDefault(what) + 1;

    public void Wrote(SimulatedReplica replica, string ns, string key, VersionId version, string? value, WriteOptions options)
    {
        var entry = Add(replica.Index, ns, key, version, value);
        entry.IsDurable |= options.Durability == Durability.Synced;
    }

    /// <summary>The key has lost a record behind the back of a store: nobody can hold what its vector says.</summary>
    public void Excuse(string key) => _excused.Add(key);

    /// <summary>What a replica has written and not made durable may be gone.</summary>
    public void LosePower(SimulatedReplica replica)
    {
        replica.LosePower();
        foreach (var entry in _byVersion.Values.Where(entry => entry.Replica == replica.Index && !entry.IsDurable))
            entry.IsUncertain = true;
    }

    /// <summary>What a replica holds of some namespaces may be gone.</summary>
    public void MayLose(SimulatedReplica replica, IReadOnlyCollection<string> namespaces)
    {
        foreach (var entry in _byVersion.Values.Where(entry => namespaces.Contains(entry.Namespace, StringComparer.Ordinal)))
        {
            // After a power loss a vector may not cover a record that is there; a write of its own may then have taken that one's place.
            var known = KnownVersion(replica, entry.Namespace, entry.Key);
            var isThere = replica.Store.Replication.State(entry.Namespace).Vector.Covers(entry.Version) || known == entry.Version
                || (entry.Replica == replica.Index && WriteLedger.IsAbove(known, entry.Version));
            if (isThere && !_cluster.Replicas.Any(other => other != replica && other.IsRunning && other.Store.Replication.State(entry.Namespace).Durable.Covers(entry.Version)))
                entry.IsUncertain = true;
        }
    }

    /// <summary>Judges a cluster that has settled.</summary>
    public void CheckSettled(IReadOnlyList<SimulatedReplica> replicas)
    {
        if (!_cluster.IsConverged)
            Violated("the replicas did not converge");
        foreach (var replica in replicas)
            CheckReplica(replica);
        foreach (var ((ns, key), entries) in _entries)
        {
            var required = Greatest(entries.Where(static entry => !entry.IsUncertain));
            foreach (var replica in replicas)
            {
                var held = KnownVersion(replica, ns, key);
                var value = Read(replica, ns, key);
                if (required is not null && held != required.Version && !WriteLedger.IsAbove(held, required.Version))
                    Violated($"in the end replica {replica.Index} holds {ns}/{key} as {held} = {value ?? "deleted"}, but {required.Version} = {required.Value ?? "deleted"} wins");
                else if (_byVersion.TryGetValue(held, out var entry) && entry.Value != value)
                    Violated($"in the end replica {replica.Index} holds {ns}/{key}@{held} as {value ?? "deleted"}, and it was written as {entry.Value ?? "deleted"}");
            }

            if (replicas.Select(replica => Read(replica, ns, key)).Distinct(StringComparer.Ordinal).Count() > 1)
                Violated($"in the end {ns}/{key} is not the same everywhere: {string.Join(", ", replicas.Select(replica => $"{KnownVersion(replica, ns, key)} = {Read(replica, ns, key) ?? "deleted"}"))}");
        }
    }

    private void Violated(string what)
    {
        if (!_violations.Contains(what, StringComparer.Ordinal))
            _violations.Add(what);
    }

    private void MarkDurable(int replica)
    {
        foreach (var entry in _byVersion.Values.Where(entry => entry.Replica == replica))
            entry.IsDurable = true;
    }

    private Entry Add(int replica, string ns, string key, VersionId version, string? value)
    {
        if (_byVersion.TryGetValue(version, out var known))
        {
            if (known.Namespace != ns || known.Key != key || known.Value != value)
                Violated($"the version {version} stands for {known.Namespace}/{known.Key} = {known.Value} and for {ns}/{key} = {value}");
            return known;
        }

        var entry = new Entry(replica, ns, key, version, value);
        _byVersion.Add(version, entry);
        if (!_entries.TryGetValue((ns, key), out var entries))
            _entries.Add((ns, key), entries = []);
        entries.Add(entry);
        return entry;
    }

    private void CheckSession(SimulatedReplica replica, SyncReport report)
    {
        if (report.Outcome == SyncOutcome.Refused)
            Violated($"replica {replica.Index} had a session refused: {report.Error}");
        foreach (var (kind, count) in report.Updates.ToDictionary())
        {
            if (kind is UpdateKind.Reissued or UpdateKind.Equivocation)
                _happened[kind.ToString()] = _happened.GetValueOrDefault(kind.ToString()) + (int)count;
        }

        CheckReplica(replica);
    }

    private void CheckReplica(SimulatedReplica replica)
    {
        var store = replica.Store;
        var clock = store.Replication.ClockScalar;
        foreach (var ns in TrustScenario.Namespaces)
        {
            var state = store.Replication.State(ns);
            if (state.Vector.GreatestScalar() > clock)
                Violated($"the clock of replica {replica.Index} is below a scalar that it covers");
            if (state.Frontier.Count > 0)
                _happened["purged"] = 1;
            foreach (var ((_, key), entries) in _entries.Where(item => item.Key.Namespace == ns).ToList())
            {
                NoteReissued(replica, ns, key);
                if (_excused.Contains(key))
                    continue;
                var covered = Greatest(entries.Where(entry => !entry.IsUncertain && state.Vector.Covers(entry.Version)));
                if (covered is null)
                    continue;
                var known = KnownVersion(replica, ns, key);
                if (known != covered.Version && !WriteLedger.IsAbove(known, covered.Version))
                    Violated($"replica {replica.Index} covers {covered.Version} of {ns}/{key} = {covered.Value ?? "deleted"} and holds {known} = {Read(replica, ns, key) ?? "deleted"}");
            }
        }
    }

    // R8 and R12: a version that no client made has the content of one that a client did.
    private void NoteReissued(SimulatedReplica replica, string ns, string key)
    {
        if (!replica.Store.Namespace(ns).TryGetVersion(Encoding.UTF8.GetBytes(key), out var current))
            return;
        var value = Read(replica, ns, key);
        NoteVersion(ns, key, current.Id, value);
    }

    private void NoteVersion(string ns, string key, VersionId version, string? value)
    {
        if (_byVersion.ContainsKey(version))
        {
            Add(0, ns, key, version, value);
            return;
        }

        Count("noted as issued again");
        if (value is not null && !_entries.GetValueOrDefault((ns, key), []).Exists(entry => entry.Value == value))
            Violated($"nobody has written {ns}/{key} = {value}, which stands as {version}");
        Add((int)version.Replica.Pid - 1, ns, key, version, value);
    }

    private void CheckMessage(SimulatedReplica sender, SessionMessage message)
    {
        if (message.BodyCase != SessionMessage.BodyOneofCase.Chunk)
            return;
        var records = new RecordBlockReader(message.Chunk.Records.Span);
        while (records.MoveNext())
        {
            if (!RecordReader.TryParse(records.Record, out var record))
                Violated($"replica {sender.Index} sent a record that makes no sense");
            else
                NoteVersion(message.Chunk.Namespace, Encoding.UTF8.GetString(records.Key), record.Version, record.IsTombstone ? null : Encoding.UTF8.GetString(record.Value));
        }
    }

    private static string? Read(SimulatedReplica replica, string ns, string key) =>
        replica.Store.Namespace(ns).Get(Encoding.UTF8.GetBytes(key)) is { } value ? Encoding.UTF8.GetString(value) : null;

    // What a replica holds of a key; where that is nothing, or a deletion that came late, the latest deletion that its frontier says was purged.
    private VersionId KnownVersion(SimulatedReplica replica, string ns, string key)
    {
        if (replica.Store.Namespace(ns).TryGetVersion(Encoding.UTF8.GetBytes(key), out var current) && !current.IsDeleted)
            return current.Id;
        var frontier = replica.Store.Replication.State(ns).Frontier;
        var purged = Greatest(_entries.GetValueOrDefault((ns, key), []).Where(entry => entry.Value is null && frontier.Covers(entry.Version)))?.Version ?? default;
        return WriteLedger.IsAbove(purged, current.Id) ? purged : current.Id;
    }

    private static Entry? Greatest(IEnumerable<Entry> entries)
    {
        Entry? greatest = null;
        foreach (var entry in entries)
        {
            if (greatest is null || WriteLedger.IsAbove(entry.Version, greatest.Version))
                greatest = entry;
        }

        return greatest;
    }

    private sealed class Entry(int replica, string ns, string key, VersionId version, string? value)
    {
        public int Replica { get; } = replica;

        public string Namespace { get; } = ns;

        public string Key { get; } = key;

        public VersionId Version { get; } = version;

        public string? Value { get; } = value;

        public bool IsDurable { get; set; }

        public bool IsUncertain { get; set; }
    }
}

using System.Text;
using Honu.Format;
using Honu.Replication;
using Honu.Replication.Messages;

namespace Honu.Simulation;

/// <summary>Watches a cluster while it runs, and judges it when it has settled. Each violation is a sentence.</summary>
/// <remarks>
/// While it runs: coverage (a vector covers a write only if the replica holds it or what supersedes it), the clock (never below a
/// scalar that the store has seen), digests (each says what a scan of the records says), exactness (no record is sent that the receiver has said it covers).
/// In the end: every replica holds exactly the winners, and equal replicas have nothing to say to each other.
/// </remarks>
public sealed class ClusterChecker
{
    private readonly SimulatedCluster _cluster;
    private readonly WriteLedger _ledger;
    private readonly Dictionary<(long Link, int Receiver, string Namespace), VersionVector> _told = [];
    private readonly HashSet<string> _violations = [];

    /// <summary>Begins to watch.</summary>
    public ClusterChecker(SimulatedCluster cluster, WriteLedger ledger)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        _cluster = cluster;
        _ledger = ledger;
        cluster.Network.Tap = CheckMessage;
        foreach (var replica in cluster.Replicas)
        {
            replica.SessionFinished += report => CheckReplica(replica, report);
            replica.Disk.Synced += () => ledger.MarkDurable(replica.Index);
            replica.Started += () => CheckStart(replica);
        }
    }

    /// <summary>What was found so far.</summary>
    public IReadOnlyCollection<string> Violations => _violations;

    /// <summary>Judges a cluster that has settled.</summary>
    public void CheckSettled()
    {
        if (!_cluster.IsConverged)
            _violations.Add("the replicas did not converge");
        var winners = _ledger.Winners();
        foreach (var replica in _cluster.Replicas)
        {
            CheckReplica(replica, report: null);
            foreach (var ((ns, key), winner) in winners)
            {
                var value = replica.Store.Namespace(ns).Get(Encoding.UTF8.GetBytes(key));
                var text = value is null ? null : Encoding.UTF8.GetString(value);
                var version = KnownVersion(replica, ns, key);
                if (version != winner.Version || text != winner.Value)
                    _violations.Add($"replica {replica.Index} holds {ns}/{key} as {version} = {text ?? "deleted"}, but {winner.Version} = {winner.Value ?? "deleted"} wins");
            }
        }

        CheckNothingToSay();
    }

    private void CheckNothingToSay()
    {
        void OnFinished(SyncReport report)
        {
            if (report.Outcome is not (SyncOutcome.Equal or SyncOutcome.Superseded))
                _violations.Add($"equal replicas exchanged something: {report.Outcome}, {report.ObjectsSent} sent, {report.Error}");
        }

        // Sessions that were opened before the last difference had gone may still be under way.
        _cluster.Run(TimeSpan.FromSeconds(5));
        foreach (var replica in _cluster.Replicas)
            replica.SessionFinished += OnFinished;
        foreach (var replica in _cluster.Replicas)
            replica.Sync(_cluster.Replicas[(replica.Index + 1) % _cluster.Replicas.Count]);
        _cluster.Run(TimeSpan.FromSeconds(5));
        foreach (var replica in _cluster.Replicas)
            replica.SessionFinished -= OnFinished;
    }

    private void CheckStart(SimulatedReplica replica)
    {
        var lost = _ledger.ForgetLost(replica.Index, (ns, key) => KnownVersion(replica, ns, key));
        foreach (var write in lost)
            _violations.Add($"replica {replica.Index} lost its durable write {write.Version} of {write.Namespace}/{write.Key}");
    }

    private void CheckReplica(SimulatedReplica replica, SyncReport? report)
    {
        if (report is { Outcome: SyncOutcome.Refused })
            _violations.Add($"replica {replica.Index} had a session refused: {report.Error}");
        if (replica.Store.Replication.FindDigestFault() is { } fault)
            _violations.Add($"replica {replica.Index}: {fault}");
        var clock = replica.Store.Replication.ClockScalar;
        foreach (var group in _ledger.Entries.GroupBy(static entry => entry.Namespace, StringComparer.Ordinal))
        {
            var vector = replica.Store.Replication.State(group.Key).Vector;
            if (vector.GreatestScalar() > clock)
                _violations.Add($"the clock of replica {replica.Index} is below a scalar that it covers");
            foreach (var write in group.Where(write => vector.Covers(write.Version)))
            {
                var known = KnownVersion(replica, group.Key, write.Key);
                if (known != write.Version && !WriteLedger.IsAbove(known, write.Version))
                    _violations.Add($"replica {replica.Index} covers {write.Version} of {write.Namespace}/{write.Key} and holds {known}");
            }
        }
    }

    // What a replica holds of a key; where it holds nothing, the deletion that it has purged.
    private VersionId KnownVersion(SimulatedReplica replica, string ns, string key)
    {
        if (replica.Store.Namespace(ns).TryGetVersion(Encoding.UTF8.GetBytes(key), out var current))
            return current.Id;
        var frontier = replica.Store.Replication.State(ns).Frontier;
        var purged = default(VersionId);
        foreach (var write in _ledger.Entries)
        {
            if (write.Value is null && write.Namespace == ns && write.Key == key && frontier.Covers(write.Version) && WriteLedger.IsAbove(write.Version, purged))
                purged = write.Version;
        }

        return purged;
    }

    private void CheckMessage(SimulatedReplica sender, SimulatedReplica receiver, long link, SessionMessage message)
    {
        if (message.BodyCase == SessionMessage.BodyOneofCase.Vectors)
        {
            foreach (var told in message.Vectors.Namespaces)
            {
                VersionVector.TryDecode(told.Vector.Span, out var vector);
                _told[(link, sender.Index, told.Name)] = vector;
            }
        }
        else if (message.Chunk is { Full: true } full)
        {
            // Everything, whatever the receiver covers: what does not come was deleted.
            _told.Remove((link, receiver.Index, full.Namespace));
        }
        else if (message.BodyCase == SessionMessage.BodyOneofCase.Chunk && _told.TryGetValue((link, receiver.Index, message.Chunk.Namespace), out var covered))
        {
            var records = new RecordBlockReader(message.Chunk.Records.Span);
            while (records.MoveNext())
            {
                if (covered.Covers(RecordReader.ReadVersion(records.Record)))
                    _violations.Add($"replica {sender.Index} sent a record that replica {receiver.Index} had said it covers");
            }
        }
    }
}

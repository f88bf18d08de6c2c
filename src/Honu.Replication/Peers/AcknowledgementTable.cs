namespace Honu.Replication;

/// <summary>What the other replicas hold durably, as far as they have said so in this run of the process.</summary>
/// <remarks>
/// Kept in memory only: an acknowledgement that is not known keeps a deletion from being purged, which is safe (R6). Thread-safe.
/// </remarks>
internal sealed class AcknowledgementTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(ReplicaId Replica, string Namespace), VersionVector> _vectors = [];

    /// <summary>Grows with every change.</summary>
    public long Revision { get; private set; }

    /// <summary>Notes what a replica holds durably of a namespace. The vector must not be changed afterwards.</summary>
    public void Set(ReplicaId replica, string ns, VersionVector vector)
    {
        lock (_gate)
        {
            // Another epoch of a pid means that the one before has lost something: what it once acknowledged counts no more.
            foreach (var stale in _vectors.Keys.Where(key => key.Replica.Pid == replica.Pid && key.Replica != replica).ToList())
                _vectors.Remove(stale);
            _vectors[(replica, ns)] = vector;
            Revision++;
        }
    }

    /// <summary>What a pid holds durably of a namespace, or <see langword="null"/> when it has not said.</summary>
    public VersionVector? Find(uint pid, string ns)
    {
        lock (_gate)
        {
            foreach (var (key, vector) in _vectors)
            {
                if (key.Replica.Pid == pid && key.Namespace == ns)
                    return vector;
            }

            return null;
        }
    }

    /// <summary>How many pids durably hold a version, this replica not counted.</summary>
    public int CountCovering(string ns, VersionId version)
    {
        lock (_gate)
            return _vectors.Count(entry => entry.Key.Namespace == ns && entry.Value.Covers(version));
    }

    /// <summary>Forgets what was acknowledged of namespaces.</summary>
    public void Forget(Func<uint, string, bool> isGone)
    {
        lock (_gate)
        {
            foreach (var gone in _vectors.Keys.Where(key => isGone(key.Replica.Pid, key.Namespace)).ToList())
                _vectors.Remove(gone);
            Revision++;
        }
    }

    /// <summary>Everything that a pid has acknowledged, by namespace.</summary>
    public IReadOnlyList<KeyValuePair<string, VersionVector>> Of(uint pid)
    {
        lock (_gate)
            return [.. _vectors.Where(entry => entry.Key.Replica.Pid == pid).Select(static entry => KeyValuePair.Create(entry.Key.Namespace, entry.Value))];
    }

    /// <summary>Forgets a replica that has left.</summary>
    public void Forget(uint pid)
    {
        lock (_gate)
        {
            foreach (var gone in _vectors.Keys.Where(key => key.Replica.Pid == pid).ToList())
                _vectors.Remove(gone);
            Revision++;
        }
    }
}

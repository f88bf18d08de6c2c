namespace Honu.Replication;

/// <summary>Up to which moment, by its own clock, everything that a replica wrote has come here. Kept in memory only. Thread-safe.</summary>
internal sealed class HeartbeatTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ReplicaId, long> _marks = [];
    private uint[] _writers = [];
    private HashSet<uint> _retired = [];
    private bool _hasUnknownWriters = true;

    /// <summary>Grows with every change.</summary>
    public long Revision { get; private set; }

    /// <summary>Whether sessions ask for marks: telling them costs bytes, so only while somebody reads by them.</summary>
    public bool IsWanted { get; set; }

    /// <summary>Who may write beside this replica: of all of them a mark is needed.</summary>
    /// <param name="pids">Those that are known by name.</param>
    /// <param name="retired">Those that are not waited for any more, though a namespace may name them as its writers.</param>
    /// <param name="hasUnknown">Whether there are others of whom nothing is known yet.</param>
    public void SetWriters(uint[] pids, HashSet<uint> retired, bool hasUnknown)
    {
        lock (_gate)
        {
            if (_hasUnknownWriters == hasUnknown && _writers.AsSpan().SequenceEqual(pids) && _retired.SetEquals(retired))
                return;
            (_writers, _retired, _hasUnknownWriters) = (pids, retired, hasUnknown);
            Revision++;
        }
    }

    /// <summary>What this replica can vouch for at a moment: itself up to then, and the others as far as it knows. To be taken before the state that is told, never after it.</summary>
    public Heartbeat[] Capture(ReplicaId own, long nowUnixMs)
    {
        lock (_gate)
        {
            // The present millisecond is not over: another write may still fall into it.
            return [.. _marks.Where(mark => mark.Key.Pid != own.Pid).Select(static mark => new Heartbeat(mark.Key, mark.Value)).Append(new Heartbeat(own, nowUnixMs - 1)).OrderBy(static mark => mark.Replica)];
        }
    }

    /// <summary>Takes over what a peer vouched for, once everything that it told with it is here.</summary>
    public void Take(ReplicaId own, IReadOnlyList<Heartbeat> told, long nowUnixMs)
    {
        lock (_gate)
        {
            foreach (var (replica, unixMs) in told)
            {
                // A clock that is ahead of ours says nothing about what will be written until ours gets there.
                var mark = Math.Min(unixMs, nowUnixMs);
                if (replica.Pid == own.Pid || mark <= _marks.GetValueOrDefault(replica))
                    continue;
                if (_marks.Count >= VersionVector.MaxOrigins && !_marks.ContainsKey(replica))
                    continue;
                _marks[replica] = mark;
                Revision++;
            }
        }
    }

    /// <summary>Up to when everything of a pid, under any of its epochs, is here; 0 when that is not known.</summary>
    public long Mark(uint pid)
    {
        lock (_gate)
            return MarkOf(pid);
    }

    /// <summary>Up to when everything of all writers, and of the replicas that a namespace names, is here; <see langword="null"/> while that is not known.</summary>
    public long? CompleteUpTo(ReplicaId own, IEnumerable<ReplicaId> origins, long nowUnixMs)
    {
        lock (_gate)
        {
            if (_hasUnknownWriters)
                return null;
            var complete = nowUnixMs;
            foreach (var pid in origins.Select(static origin => origin.Pid).Concat(_writers))
            {
                if (pid != own.Pid && !_retired.Contains(pid))
                    complete = Math.Min(complete, MarkOf(pid));
            }

            return complete == 0 ? null : complete;
        }
    }

    private long MarkOf(uint pid)
    {
        long greatest = 0;
        foreach (var (replica, mark) in _marks)
        {
            if (replica.Pid == pid)
                greatest = Math.Max(greatest, mark);
        }

        return greatest;
    }
}

/// <summary>Everything that a replica wrote up to a moment of its own clock is known to whoever tells this.</summary>
/// <param name="Replica">The writer.</param>
/// <param name="UnixMs">The moment.</param>
internal readonly record struct Heartbeat(ReplicaId Replica, long UnixMs);

using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Honu.Format;

namespace Honu.Simulation;

/// <summary>Knows which version of which key each replica can read, by what their engines write, and so when writes become visible.</summary>
/// <remarks>A write is visible at a replica that can read it or a version that wins over it: what lost has nothing to be waited for.</remarks>
internal sealed class WriteWatch
{
    public const string Namespace = "data";

    private const int DigitsAt = 4;

    private readonly VirtualTime _time;
    private readonly int _replicas;
    private readonly VersionId[] _held;
    private readonly VersionId[] _latest;
    private readonly List<PendingWrite>[] _pending;
    private int _beforeHeal;
    private TimeSpan _healed;

    public WriteWatch(SimulatedCluster cluster, int keys)
    {
        _time = cluster.Time;
        _replicas = cluster.Replicas.Count;
        Keys = keys;
        _held = new VersionId[_replicas * keys];
        _latest = new VersionId[keys];
        _pending = [.. Enumerable.Range(0, keys).Select(static _ => new List<PendingWrite>())];
        foreach (var replica in cluster.Replicas)
        {
            replica.Disk.Written = operations => Written(replica.Index, operations);
            replica.Started += () => Restarted(replica);
        }
    }

    public int Keys { get; }

    /// <summary>Writes that every replica can read.</summary>
    public List<PendingWrite> Visible { get; } = [];

    /// <summary>Whether a write is still not visible everywhere.</summary>
    public bool HasPending => _pending.Any(static writes => writes.Count > 0);

    /// <summary>From the end of the cut to when everything from before was visible.</summary>
    public TimeSpan? HealTime { get; private set; }

    public static byte[] Key(int key) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"key/{key:D5}"));

    /// <summary>What a replica can read.</summary>
    public VersionId Held(int replica, int key) => _held[(replica * Keys) + key];

    /// <summary>Whether somewhere a later version exists than a replica can read.</summary>
    public bool IsStale(int replica, int key) => VersionOrder.Wins(_latest[key], Held(replica, key));

    /// <summary>Notes a write that has just been committed at its origin.</summary>
    public void Add(int origin, int key, VersionId version, bool isMeasured)
    {
        var write = new PendingWrite(origin, version, _time.Now, isMeasured);
        if (VersionOrder.Wins(version, _latest[key]))
            _latest[key] = version;
        var writes = _pending[key];
        var at = writes.Count;
        while (at > 0 && VersionOrder.Wins(writes[at - 1].Version, version))
            at--;
        writes.Insert(at, write);
        for (var replica = 0; replica < _replicas; replica++)
        {
            if (!VersionOrder.Wins(version, Held(replica, key)))
                Seen(write);
        }

        RemoveVisible(writes);
    }

    /// <summary>The cut has ended: everything written until now counts for <see cref="HealTime"/>.</summary>
    public void Healed()
    {
        _healed = _time.Now;
        foreach (var write in _pending.SelectMany(static writes => writes).Where(static write => !write.IsVisible))
        {
            write.IsBeforeHeal = true;
            _beforeHeal++;
        }

        if (_beforeHeal == 0)
            HealTime = TimeSpan.Zero;
    }

    /// <summary>Writes that were measured and did not become visible everywhere.</summary>
    public int CountUnseen() => _pending.Sum(static writes => writes.Count(static write => write.IsMeasured && !write.IsVisible));

    private void Written(int replica, IReadOnlyList<(byte[] Key, byte[]? Value)> operations)
    {
        foreach (var (row, value) in operations)
        {
            if (row[0] != KeySpaces.Current || value is null || !Utf8Parser.TryParse(row.AsSpan(KeySpaces.NamespacePrefixBytes + DigitsAt), out int key, out _) || !RecordReader.TryParse(value, out var record))
                continue;
            Hold(replica, key, record.Version);
        }
    }

    private void Hold(int replica, int key, VersionId version)
    {
        ref var held = ref _held[(replica * Keys) + key];
        var before = held;
        held = version;
        if (!VersionOrder.Wins(version, before))
            return;
        var writes = _pending[key];
        for (var i = FirstAfter(writes, before); i < writes.Count && !VersionOrder.Wins(writes[i].Version, version); i++)
            Seen(writes[i]);
        RemoveVisible(writes);
    }

    private static int FirstAfter(List<PendingWrite> writes, VersionId version)
    {
        int low = 0, high = writes.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (VersionOrder.Wins(writes[middle].Version, version))
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    private void Seen(PendingWrite write)
    {
        write.Replicas++;
        var age = _time.Now - write.At;
        if (2 * write.Replicas >= _replicas)
            write.Half ??= age;
        if (10 * write.Replicas >= 9 * _replicas)
            write.NineTenths ??= age;
        if (write.Replicas < _replicas || write.IsVisible)
            return;
        write.All = age;
        if (write.IsMeasured)
            Visible.Add(write);
        if (write.IsBeforeHeal && --_beforeHeal == 0)
            HealTime = _time.Now - _healed;
    }

    private static void RemoveVisible(List<PendingWrite> writes)
    {
        var visible = 0;
        while (visible < writes.Count && writes[visible].IsVisible)
            visible++;
        if (visible > 0)
            writes.RemoveRange(0, visible);
    }

    // A power loss takes back what could be read, and own writes that nobody else has.
    private void Restarted(SimulatedReplica replica)
    {
        var vector = replica.Store.Replication.State(Namespace).Vector;
        var space = replica.Store.Namespace(Namespace);
        for (var key = 0; key < Keys; key++)
        {
            _pending[key].RemoveAll(write => write.Origin == replica.Index && !vector.Covers(write.Version) && Forget(write));
            var held = space.Get(Key(key), out var found) is null ? default : found.Id;
            ref var known = ref _held[(replica.Index * Keys) + key];
            foreach (var write in _pending[key])
            {
                if (VersionOrder.Wins(write.Version, held) && !VersionOrder.Wins(write.Version, known))
                    write.Replicas--;
            }

            known = held;
            _latest[key] = Enumerable.Range(0, _replicas).Select(other => Held(other, key)).Aggregate(static (one, other) => VersionOrder.Wins(one, other) ? one : other);
        }
    }

    private bool Forget(PendingWrite write)
    {
        if (write.IsBeforeHeal && !write.IsVisible)
            _beforeHeal--;
        return true;
    }
}

/// <summary>A write on its way.</summary>
/// <param name="origin">Who wrote.</param>
/// <param name="version">What.</param>
/// <param name="at">When.</param>
/// <param name="isMeasured">Whether it counts.</param>
internal sealed class PendingWrite(int origin, VersionId version, TimeSpan at, bool isMeasured)
{
    public int Origin { get; } = origin;

    public VersionId Version { get; } = version;

    public TimeSpan At { get; } = at;

    public bool IsMeasured { get; } = isMeasured;

    public bool IsBeforeHeal { get; set; }

    /// <summary>How many replicas can read it.</summary>
    public int Replicas { get; set; }

    /// <summary>Until half of the replicas could.</summary>
    public TimeSpan? Half { get; set; }

    /// <summary>Until nine tenths of them could.</summary>
    public TimeSpan? NineTenths { get; set; }

    /// <summary>Until all of them could.</summary>
    public TimeSpan? All { get; set; }

    public bool IsVisible => All is not null;
}

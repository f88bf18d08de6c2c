namespace Honu.Simulation;

/// <summary>Every write that was made and has not been lost: what the replicas are checked against, kept apart from their code.</summary>
public sealed class WriteLedger
{
    private readonly List<Entry> _entries = [];

    /// <summary>The writes, in the order in which they were made.</summary>
    public IReadOnlyList<Entry> Entries => _entries;

    /// <summary>Notes a write at its origin.</summary>
    public void Add(int replica, string ns, string key, VersionId version, string? value) => _entries.Add(new Entry(replica, ns, key, version, value));

    /// <summary>Everything a replica wrote so far survives a power loss.</summary>
    public void MarkDurable(int replica)
    {
        foreach (var entry in _entries)
            entry.IsDurable |= entry.Replica == replica;
    }

    /// <summary>The last write survives a power loss.</summary>
    public void MarkLastDurable() => _entries[^1].IsDurable = true;

    /// <summary>A replica has started, perhaps after a power loss: what it wrote, had not made durable and does not find any more is gone. It was never shipped, because shipping waits for the barrier.</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="currentVersion">What it holds now of a namespace and key.</param>
    /// <returns>Durable writes that are gone all the same: violations.</returns>
    public IReadOnlyList<Entry> ForgetLost(int replica, Func<string, string, VersionId> currentVersion)
    {
        ArgumentNullException.ThrowIfNull(currentVersion);
        var lost = _entries.Where(entry => entry.Replica == replica && IsAbove(entry.Version, currentVersion(entry.Namespace, entry.Key))).ToList();
        _entries.RemoveAll(entry => !entry.IsDurable && lost.Contains(entry));
        return [.. lost.Where(static entry => entry.IsDurable)];
    }

    /// <summary>The write that must win for each key: the latest scalar, among equal ones the lower pid, then the lower epoch.</summary>
    public IReadOnlyDictionary<(string Namespace, string Key), Entry> Winners()
    {
        var winners = new Dictionary<(string, string), Entry>();
        foreach (var entry in _entries)
        {
            if (!winners.TryGetValue((entry.Namespace, entry.Key), out var best) || IsAbove(entry.Version, best.Version))
                winners[(entry.Namespace, entry.Key)] = entry;
        }

        return winners;
    }

    /// <summary>Whether one version stands above another. Written anew here, so that a mistake in the product's order is seen.</summary>
    public static bool IsAbove(VersionId one, VersionId other)
    {
        if (one.Scalar != other.Scalar)
            return one.Scalar > other.Scalar;
        if (one.Replica.Pid != other.Replica.Pid)
            return one.Replica.Pid < other.Replica.Pid;
        return one.Replica.Epoch < other.Replica.Epoch;
    }

    /// <summary>One write.</summary>
    /// <param name="replica">Where it was made.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="version">The version it made.</param>
    /// <param name="value">The value; <see langword="null"/> for a deletion.</param>
    public sealed class Entry(int replica, string ns, string key, VersionId version, string? value)
    {
        /// <summary>Where it was made.</summary>
        public int Replica { get; } = replica;

        /// <summary>The namespace.</summary>
        public string Namespace { get; } = ns;

        /// <summary>The key.</summary>
        public string Key { get; } = key;

        /// <summary>The version it made.</summary>
        public VersionId Version { get; } = version;

        /// <summary>The value; <see langword="null"/> for a deletion.</summary>
        public string? Value { get; } = value;

        /// <summary>Whether it survives a power loss of its origin.</summary>
        public bool IsDurable { get; internal set; }
    }
}

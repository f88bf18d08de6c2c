namespace Honu.Simulation;

/// <summary>Checks what Terry et al. promise to a session that moves between replicas: read your writes, monotonic reads, monotonic writes, writes follow reads.</summary>
/// <remarks>
/// Each session has a floor per object: the latest version that it must never look behind. Own writes and reads raise it; and a version that is
/// read raises it to what its writer had seen, so that writes are checked to arrive behind what they follow on.
/// </remarks>
public sealed class SessionChecker
{
    private readonly Dictionary<VersionId, Dictionary<(string Namespace, string Key), Floor>> _contexts = [];
    private readonly List<string> _violations = [];

    /// <summary>What was found wrong.</summary>
    public IReadOnlyCollection<string> Violations => _violations;

    /// <summary>Reads that were checked against a floor.</summary>
    public int Checked { get; private set; }

    /// <summary>A session has read an object.</summary>
    public void Read(SimulatedSession session, string ns, string key, VersionId version)
    {
        if (session.Floors.TryGetValue((ns, key), out var floor))
        {
            Checked++;
            if (version != floor.Version && (version.IsNone || !VersionOrder.Wins(version, floor.Version)))
                _violations.Add($"{session.Name} looked behind {ns}/{key}@{floor.Version} ({floor.Why}) and saw {(version.IsNone ? "nothing" : version)}");
        }

        session.Raise((ns, key), new Floor(version, "monotonic reads"));
        if (!_contexts.TryGetValue(version, out var context))
            return;
        foreach (var (item, seen) in context)
            session.Raise(item, seen);
    }

    /// <summary>A session has written an object.</summary>
    public void Wrote(SimulatedSession session, string ns, string key, VersionId version)
    {
        foreach (var (item, floor) in session.Floors.Where(item => item.Key.Namespace == ns))
        {
            if (!VersionOrder.Wins(version, floor.Version))
                _violations.Add($"{session.Name} wrote {ns}/{key}@{version}, which does not follow on {item}@{floor.Version} (order of writes)");
        }

        // Namespaces are replicated apart: only what was seen in the same one must arrive before.
        _contexts[version] = session.Floors.Where(item => item.Key.Namespace == ns).ToDictionary(
            static item => item.Key,
            static item => item.Value with { Why = item.Value.Why.StartsWith("read your", StringComparison.Ordinal) ? "monotonic writes" : "writes follow reads" });
        session.Raise((ns, key), new Floor(version, "read your writes"));
    }

    /// <summary>The latest version that a session must not look behind.</summary>
    /// <param name="Version">The version.</param>
    /// <param name="Why">The guarantee.</param>
    public readonly record struct Floor(VersionId Version, string Why);
}

namespace Honu.Compatibility;

/// <summary>How the Go library Honu (v0.2.8) compares two versions of one object.</summary>
/// <remarks>
/// Only pid and version are compared, never region, tombstone or the parent's own parent. A missing other version counts as the zero version.
/// The rules know one ancestor only, so a successor of a successor cannot be told from a fork that grew longer: both are <see cref="Skips"/>.
/// Honu for .NET tells them apart by the causal context; use these rules to read and check Go data, not to replicate. Pure: safe from any thread.
/// </remarks>
public static class GoVersionRules
{
    /// <summary>Tells whether <paramref name="version"/> means "no version": missing, or pid and version both 0.</summary>
    /// <param name="version">The version to look at.</param>
    /// <returns><see langword="true"/> for the zero version, whatever its region, parent or tombstone.</returns>
    public static bool IsZero(GoVersion? version) => version is null or { Pid: 0, Version: 0 };

    /// <summary>Tells whether <paramref name="version"/> wins over <paramref name="other"/>: a higher counter, or the same with a <b>lower</b> pid.</summary>
    /// <param name="version">The version asked about.</param>
    /// <param name="other">The version it is compared with.</param>
    /// <returns><see langword="false"/> for equal versions.</returns>
    public static bool IsLater(GoVersion? version, GoVersion? other)
    {
        var (counter, pid) = Parts(version);
        var (otherCounter, otherPid) = Parts(other);
        return counter > otherCounter || (counter == otherCounter && pid < otherPid);
    }

    /// <summary>Tells whether both have the same counter and pid.</summary>
    /// <param name="version">The version asked about.</param>
    /// <param name="other">The version it is compared with.</param>
    /// <returns><see langword="true"/> also when both are zero, one of them missing.</returns>
    public static bool Equal(GoVersion? version, GoVersion? other) => Parts(version) == Parts(other);

    /// <summary>Tells whether two replicas made the same counter value: equal counters, different pids.</summary>
    /// <param name="version">The version asked about.</param>
    /// <param name="other">The version it is compared with.</param>
    /// <returns>A fork whose branches have different lengths is not found by this rule.</returns>
    public static bool Concurrent(GoVersion? version, GoVersion? other)
    {
        var (counter, pid) = Parts(version);
        var (otherCounter, otherPid) = Parts(other);
        return counter == otherCounter && pid != otherPid;
    }

    /// <summary>Tells whether <paramref name="version"/> was derived from <paramref name="other"/> directly.</summary>
    /// <param name="version">The version asked about.</param>
    /// <param name="other">The version that may be its parent.</param>
    /// <returns>With a parent: whether the parent equals <paramref name="other"/>. Without: whether <paramref name="other"/> is zero.</returns>
    public static bool LinearFrom(GoVersion? version, GoVersion? other) =>
        version?.Parent is { } parent ? Equal(parent, other) : IsZero(other);

    /// <summary>Tells whether <paramref name="version"/> overwrites a concurrent <paramref name="other"/>.</summary>
    /// <param name="version">The version asked about.</param>
    /// <param name="other">The version that would be lost.</param>
    /// <returns><see langword="true"/> when they are concurrent and <paramref name="version"/> is later.</returns>
    public static bool Stomps(GoVersion? version, GoVersion? other) => Concurrent(version, other) && IsLater(version, other);

    /// <summary>Tells whether <paramref name="version"/> is later with versions between them that were not seen.</summary>
    /// <param name="version">The version asked about.</param>
    /// <param name="other">The version that would be replaced.</param>
    /// <returns><see langword="true"/> when it is later, not concurrent and not linear.</returns>
    public static bool Skips(GoVersion? version, GoVersion? other) =>
        IsLater(version, other) && !Concurrent(version, other) && !LinearFrom(version, other);

    private static (ulong Counter, ulong Pid) Parts(GoVersion? version) => version is null ? default : (version.Version, version.Pid);
}

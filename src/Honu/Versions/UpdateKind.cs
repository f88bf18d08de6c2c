namespace Honu;

/// <summary>What applying a remote version did.</summary>
public enum UpdateKind : byte
{
    /// <summary>The version is here already.</summary>
    Duplicate = 0,

    /// <summary>An ancestor of the version that is here: nothing changed.</summary>
    Stale = 1,

    /// <summary>It follows directly on the version that was here (or on nothing).</summary>
    Linear = 2,

    /// <summary>A descendant of the version that was here, with versions between them that were never seen here.</summary>
    Skip = 3,

    /// <summary>Concurrent with the version that was here, and it wins: the old one went to history as the loser of a conflict.</summary>
    Stomp = 4,

    /// <summary>Concurrent with the version that is here, and it loses: it went to history as the loser of a conflict.</summary>
    Stomped = 5,

    /// <summary>The same version with other bytes: a replica broke its promise. The smaller checksum is kept.</summary>
    Equivocation = 6,

    /// <summary>A late write of a replica that was away for longer than tombstones are kept: written again as a new version.</summary>
    Reissued = 7,
}

namespace Honu;

/// <summary>Bugs that a test plants to prove that the simulation catches them. Never set outside of tests.</summary>
[Flags]
internal enum PlantedFaults
{
    None = 0,

    /// <summary>A stream's target joins the vector with its first chunk.</summary>
    TargetJoinedEarly = 1,

    /// <summary>An index entry counts although the current record has another version.</summary>
    StaleIndexEntryBelieved = 2,

    /// <summary>Received scalars do not move the clock.</summary>
    ClockNotAdvanced = 4,

    /// <summary>Of two versions with equal scalar the higher replica wins.</summary>
    TieReversed = 8,

    /// <summary>A tombstone does not stop an older record.</summary>
    TombstoneTreatedAsMissing = 16,

    /// <summary>R6: deletions are purged without asking the members.</summary>
    PurgedWithoutAsking = 64,

    /// <summary>R7: what a full stream does not bring stays.</summary>
    AbsenceIgnored = 128,

    /// <summary>R8: a late outsider is applied as it is.</summary>
    LateOutsiderApplied = 256,

    /// <summary>R10: the epoch goes on after a drop, so its next write covers what went.</summary>
    CoverageKeptAfterDrop = 512,

    /// <summary>R12: the new epoch is the old one plus one.</summary>
    EpochIsOldPlusOne = 1024,
}

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
}

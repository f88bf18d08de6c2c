namespace Honu.LevelDb;

/// <summary>How one read, or one iterator, reads. The default value reads the latest state with the database's own settings.</summary>
public readonly struct LevelReadOptions
{
    /// <summary>The state to read. Must come from the same database.</summary>
    /// <value>Default <see langword="null"/>: the latest.</value>
    public LevelSnapshot? Snapshot { get; init; }

    /// <summary>Whether checksums are verified.</summary>
    /// <value>Default <see langword="null"/>: as <see cref="LevelDatabaseOptions.VerifyChecksums"/> says.</value>
    public bool? VerifyChecksums { get; init; }

    /// <summary>Leaves blocks that are read out of the block cache: right for a long scan, which would push out what others need.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool DontFillCache { get; init; }
}

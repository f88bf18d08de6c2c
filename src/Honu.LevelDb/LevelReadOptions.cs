namespace Honu.LevelDb;

/// <summary>How one read, or one iterator, reads. The default value reads the latest state with the database's own settings.</summary>
public readonly struct LevelReadOptions
{
    /// <summary>The state to read; <see langword="null"/> reads the latest. Must come from the same database.</summary>
    public LevelSnapshot? Snapshot { get; init; }

    /// <summary>Whether checksums are verified; <see langword="null"/> takes <see cref="LevelDatabaseOptions.VerifyChecksums"/>.</summary>
    public bool? VerifyChecksums { get; init; }

    /// <summary>Leaves blocks that are read out of the block cache: right for a long scan, which would push out what others need.</summary>
    public bool DontFillCache { get; init; }
}

namespace Honu.LevelDb;

/// <summary>How blocks of a table are stored.</summary>
public enum LevelCompression
{
    /// <summary>As they are: for values that are compressed already.</summary>
    None = 0,

    /// <summary>Compressed by Snappy; a block that shrinks by less than an eighth is stored as it is.</summary>
    Snappy = 1,
}

/// <summary>How a database is opened. Validated by <see cref="LevelDatabase.Open"/>, which names every fault at once.</summary>
/// <remarks>All memory that is sized here is native and not seen by the garbage collector.</remarks>
public sealed record LevelDatabaseOptions
{
    /// <summary>Whether a missing database, and the directories above it, are created.</summary>
    /// <value>Default <see langword="true"/>. False: a mistyped path is an error rather than an empty database.</value>
    public bool CreateIfMissing { get; init; } = true;

    /// <summary>Whether an existing database is refused.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool ErrorIfExists { get; init; }

    /// <summary>Whether opening stops at a damaged log or table instead of dropping what cannot be read.</summary>
    /// <value>Default <see langword="true"/>. False: a damaged log opens without an error and without the records behind the damage.</value>
    public bool ParanoidChecks { get; init; } = true;

    /// <summary>Size of the buffer in memory that becomes a table when full; up to two exist at once.</summary>
    /// <value>Default 4 MiB, 64 KiB to 1 GiB. Larger: faster bulk writes, longer recovery at open.</value>
    public long WriteBufferBytes { get; init; } = 4L << 20;

    /// <summary>Size of the cache of uncompressed blocks.</summary>
    /// <value>Default 8 MiB; 0 turns it off. Larger: fewer reads and decompressions.</value>
    public long BlockCacheBytes { get; init; } = 8L << 20;

    /// <summary>Bits of Bloom filter per key in each table.</summary>
    /// <value>Default 10 (1 % of missing keys still read a block); 0 turns it off, at most 64.</value>
    public int BloomBitsPerKey { get; init; } = 10;

    /// <summary>Uncompressed size at which a block of a table is closed.</summary>
    /// <value>Default 4 KiB, 1 KiB to 4 MiB. Larger: faster scans and better compression, slower single reads.</value>
    public int BlockBytes { get; init; } = 4 << 10;

    /// <summary>Size at which a compaction starts the next table file.</summary>
    /// <value>Default 2 MiB, 1 MiB to 1 GiB. Larger: fewer files, longer single compactions.</value>
    public long MaxFileBytes { get; init; } = 2L << 20;

    /// <summary>How many table files stay open.</summary>
    /// <value>Default 1000, 74 to 50,000. Smaller: fewer descriptors, and tables are reopened more often.</value>
    public int MaxOpenFiles { get; init; } = 1000;

    /// <summary>Number of keys in a block between two that are stored without prefix compression.</summary>
    /// <value>Default 16, 1 to 1024. Larger: smaller blocks, slower seeks.</value>
    public int RestartInterval { get; init; } = 16;

    /// <summary>Compression of tables written from now on; tables that exist stay readable.</summary>
    /// <value>Default <see cref="LevelCompression.Snappy"/>.</value>
    public LevelCompression Compression { get; init; } = LevelCompression.Snappy;

    /// <summary>Whether reads verify the checksum of every block that they touch, where <see cref="LevelReadOptions.VerifyChecksums"/> says nothing.</summary>
    /// <value>
    /// Default <see langword="true"/>. False reads about a third faster; then damaged tables give wrong values, a silent "not found", or end the process.
    /// </value>
    public bool VerifyChecksums { get; init; } = true;

    /// <summary>All faults of these options, one sentence each; empty when they can be used.</summary>
    internal IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        // LevelDB clips most of these silently and asserts on the restart interval: a wrong number should be seen instead.
        Check(nameof(WriteBufferBytes), WriteBufferBytes, 64 << 10, 1 << 30);
        Check(nameof(BlockCacheBytes), BlockCacheBytes, 0, nint.MaxValue);
        Check(nameof(BloomBitsPerKey), BloomBitsPerKey, 0, 64);
        Check(nameof(BlockBytes), BlockBytes, 1 << 10, 4 << 20);
        Check(nameof(MaxFileBytes), MaxFileBytes, 1 << 20, 1 << 30);
        Check(nameof(MaxOpenFiles), MaxOpenFiles, 74, 50_000);
        Check(nameof(RestartInterval), RestartInterval, 1, 1024);
        if (Compression is not (LevelCompression.None or LevelCompression.Snappy))
            faults.Add($"Compression ({(int)Compression}) must be None or Snappy.");
        if (ErrorIfExists && !CreateIfMissing)
            faults.Add("ErrorIfExists needs CreateIfMissing: together they refuse every path.");
        return faults;

        void Check(string name, long value, long least, long most)
        {
            if (value < least || value > most)
                faults.Add($"{name} ({value}) must be between {least} and {most}.");
        }
    }
}

namespace Honu;

/// <summary>What a verification found.</summary>
public sealed record VerificationReport
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsHealthy => ProblemCount == 0;

    /// <summary>How many problems there are. An unreadable part counts once, however much was in it.</summary>
    public required long ProblemCount { get; init; }

    /// <summary>The first problems, up to <see cref="VerifyOptions.MaxProblems"/>.</summary>
    public required IReadOnlyList<StoreProblem> Problems { get; init; }

    /// <summary>Namespaces that the store has names for.</summary>
    public required int Namespaces { get; init; }

    /// <summary>Current records, tombstones included.</summary>
    public required long CurrentRecords { get; init; }

    /// <summary>Records in history, the copies of current ones included.</summary>
    public required long HistoryRecords { get; init; }

    /// <summary>Entries of the index, the stale ones included.</summary>
    public required long IndexEntries { get; init; }

    /// <summary>Index entries whose version is not current any more: harmless, and removed by <see cref="HonuStore.Compact"/>.</summary>
    public required long StaleIndexEntries { get; init; }

    /// <summary>Records of the store itself: vectors, cursors, names, identity.</summary>
    public required long StoreRecords { get; init; }

    /// <summary>Entries of key spaces that this build does not know: not checked beyond what the engine checks.</summary>
    public required long UnknownEntries { get; init; }

    /// <summary>Bytes of all keys and values that were checked.</summary>
    public required long Bytes { get; init; }
}

/// <summary>One thing that is wrong with a store.</summary>
/// <param name="Namespace">The namespace, when one is concerned and its name is known.</param>
/// <param name="Key">The object's key in hexadecimal, or that of the engine's entry when it is not an object's; empty when no single entry is concerned.</param>
/// <param name="What">What is wrong.</param>
public sealed record StoreProblem(string? Namespace, string Key, string What);

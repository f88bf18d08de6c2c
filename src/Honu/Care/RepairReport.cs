namespace Honu;

/// <summary>What a repair kept, dropped and made. What the engine could not read at all is not in it: nobody knows what it was.</summary>
public sealed record RepairReport
{
    /// <summary>Who the store is now: with a new epoch, or altogether new.</summary>
    public required StoreIdentity Identity { get; init; }

    /// <summary>Whether the identity was lost, and the store is a new one.</summary>
    public required bool IsNewIdentity { get; init; }

    /// <summary>Current records that are intact, tombstones included.</summary>
    public required long CurrentRecords { get; init; }

    /// <summary>Records of history that are intact.</summary>
    public required long HistoryRecords { get; init; }

    /// <summary>Objects whose current record was lost and whose newest record in history is current now.</summary>
    public required long RestoredFromHistory { get; init; }

    /// <summary>Entries that failed their checks and were removed.</summary>
    public required long Dropped { get; init; }

    /// <summary>The first of them, up to <see cref="RepairOptions.MaxProblems"/>.</summary>
    public required IReadOnlyList<StoreProblem> Problems { get; init; }

    /// <summary>Namespaces whose names were lost; they are called <c>recovered-</c> and their number now.</summary>
    public required IReadOnlyList<string> RenamedNamespaces { get; init; }
}

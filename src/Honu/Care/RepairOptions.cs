namespace Honu;

/// <summary>How a store is repaired.</summary>
public sealed record RepairOptions
{
    /// <summary>Whether a store whose identity is lost becomes a new store: with a new store id and a drawn pid, which peers take for a newcomer.</summary>
    /// <value>Default <see langword="false"/>: a repair that finds no identity ends with <see cref="HonuErrorCode.IdentityLost"/>.</value>
    public bool NewIdentity { get; init; }

    /// <summary>How many dropped records the report describes; all of them are counted.</summary>
    /// <value>Default 100.</value>
    public int MaxProblems { get; init; } = 100;

    /// <summary>Gets the number of entries checked so far.</summary>
    /// <value>Default <see langword="null"/>: nobody is told.</value>
    public IProgress<long>? Progress { get; init; }

    /// <summary>The store's engine, environment and, for a new identity, cluster.</summary>
    /// <value>Default <see langword="null"/>: the defaults.</value>
    public HonuStoreOptions? Store { get; init; }
}

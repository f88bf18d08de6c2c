namespace Honu;

/// <summary>How a store is verified.</summary>
public sealed record VerifyOptions
{
    /// <summary>How many problems the report describes; all of them are counted.</summary>
    /// <value>Default 100.</value>
    public int MaxProblems { get; init; } = 100;

    /// <summary>Gets the number of entries checked so far.</summary>
    /// <value>Default <see langword="null"/>: nobody is told.</value>
    public IProgress<long>? Progress { get; init; }

    /// <summary>How a closed store is opened for it: only its engine counts.</summary>
    /// <value>Default <see langword="null"/>: the defaults.</value>
    public HonuStoreOptions? Store { get; init; }
}

namespace Honu.Compatibility;

/// <summary>What Go Honu's <c>Update(object)</c> did with an object from another replica; the numbers are its result codes.</summary>
public enum GoUpdateKind : byte
{
    /// <summary>Nothing was stored: the incoming version is not later than the stored one, which Go reports as an error.</summary>
    Unchanged = 0,

    /// <summary>Stored without comparing versions, because the caller forced it.</summary>
    Forced = 1,

    /// <summary>Stored: the incoming version was derived from the stored one, or is the first of its object.</summary>
    Linear = 2,

    /// <summary>Stored over a concurrent version, which is lost.</summary>
    Stomped = 3,

    /// <summary>Stored: later, with versions in between that were never seen here.</summary>
    Skipped = 4,
}

/// <summary>The outcome of <see cref="GoUpdateRules.Decide"/>.</summary>
/// <param name="Kind">What happened to the incoming object.</param>
/// <param name="Error">Go's error text, or <see langword="null"/> when the object was stored.</param>
public readonly record struct GoUpdateDecision(GoUpdateKind Kind, string? Error)
{
    /// <summary>Whether the incoming object replaces the stored one.</summary>
    public bool IsStored => Kind != GoUpdateKind.Unchanged;
}

/// <summary>Go Honu's (v0.2.8) decision about an object that arrives from another replica.</summary>
public static class GoUpdateRules
{
    /// <summary>Go's error for an incoming version that is not later; the wording is the original's, typing mistake included.</summary>
    public const string NotLaterError = "cannot update object, it is not a later version then the current object";

    /// <summary>Decides what Go Honu does with <paramref name="incoming"/> when <paramref name="stored"/> is there.</summary>
    /// <param name="incoming">The version that arrived.</param>
    /// <param name="stored">The version of the stored object; <see langword="null"/> when the key is absent, which counts as the zero version.</param>
    /// <param name="force">Store it whatever the versions say.</param>
    /// <returns>The kind, and Go's error text when nothing is stored.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="incoming"/> is missing: an object without a version cannot be stored.</exception>
    public static GoUpdateDecision Decide(GoVersion incoming, GoVersion? stored, bool force = false)
    {
        ArgumentNullException.ThrowIfNull(incoming);
        if (force)
            return new GoUpdateDecision(GoUpdateKind.Forced, null);
        if (!GoVersionRules.IsLater(incoming, stored))
            return new GoUpdateDecision(GoUpdateKind.Unchanged, NotLaterError);

        // The order is Go's: a malformed version that is both concurrent with its own parent and linear from it is a stomp.
        if (GoVersionRules.Stomps(incoming, stored))
            return new GoUpdateDecision(GoUpdateKind.Stomped, null);
        return GoVersionRules.Skips(incoming, stored)
            ? new GoUpdateDecision(GoUpdateKind.Skipped, null)
            : new GoUpdateDecision(GoUpdateKind.Linear, null);
    }
}

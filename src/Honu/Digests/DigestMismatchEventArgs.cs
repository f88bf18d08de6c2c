namespace Honu;

/// <summary>The records of a namespace are not those that the store has written: some have vanished, or others are there.</summary>
/// <param name="ns">The namespace.</param>
/// <param name="kept">The digest that the writes of the store amount to.</param>
/// <param name="found">The digest of the records that are there.</param>
/// <param name="missing">How many live records fewer were found than the store has written; negative when there are more.</param>
public sealed class DigestMismatchEventArgs(string ns, UInt128 kept, UInt128 found, long missing) : EventArgs
{
    /// <summary>The namespace.</summary>
    public string Namespace { get; } = ns;

    /// <summary>The digest that the writes of the store amount to.</summary>
    public UInt128 Kept { get; } = kept;

    /// <summary>The digest of the records that are there; it counts from now on.</summary>
    public UInt128 Found { get; } = found;

    /// <summary>How many live records fewer were found than the store has written; negative when there are more.</summary>
    public long Missing { get; } = missing;
}

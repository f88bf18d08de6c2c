namespace Honu;

/// <summary>What an asynchronous read has found.</summary>
/// <param name="Value">The value as a new array; <see langword="null"/> if the object does not exist or is deleted.</param>
/// <param name="Version">Its version, also that of a tombstone; none when there is no record.</param>
public readonly record struct ReadResult(byte[]? Value, ObjectVersion Version)
{
    /// <summary>Whether there is an object that is not deleted.</summary>
    public bool Found => Value is not null;
}

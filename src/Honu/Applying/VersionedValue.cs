namespace Honu;

/// <summary>A value with its version: one side of a conflict, or what an update begins with. A view: valid only during the call that it is passed to.</summary>
public readonly ref struct VersionedValue
{
    /// <summary>Creates the view.</summary>
    public VersionedValue(VersionId version, bool isDeleted, ReadOnlySpan<byte> value)
    {
        Version = version;
        IsDeleted = isDeleted;
        Value = value;
    }

    /// <summary>Which version; none when the object was never written.</summary>
    public VersionId Version { get; }

    /// <summary>Whether there is no value: the version is a deletion, or there is none.</summary>
    public bool IsDeleted { get; }

    /// <summary>The value; empty when <see cref="IsDeleted"/>.</summary>
    public ReadOnlySpan<byte> Value { get; }
}

namespace Honu.Compatibility;

/// <summary>A version as the Go library Honu (v0.2.8) stores it inside an object.</summary>
/// <remarks>
/// Immutable. It has no equality of its own: which parts count depends on the question, so compare with <see cref="GoVersionRules"/>.
/// A Go pid is 64 bits wide; Honu for .NET has 32: a migration must refuse or map a larger one.
/// </remarks>
public sealed class GoVersion
{
    /// <summary>Process id of the replica that wrote this version; 0 in a version that means "none".</summary>
    public ulong Pid { get; init; }

    /// <summary>Counter of this object, not of the replica: the first put of a key makes 1.</summary>
    public ulong Version { get; init; }

    /// <summary>Region of the replica that wrote this version, empty when it was not configured.</summary>
    public string Region { get; init; } = "";

    /// <summary>The version that this one replaced; <see langword="null"/> for the first version of an object.</summary>
    public GoVersion? Parent { get; init; }

    /// <summary>Whether this version is a deletion.</summary>
    public bool Tombstone { get; init; }

    /// <summary>Encoded fields that this reader does not know, kept so that writing the object again loses nothing.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }

    /// <summary>Gives <c>version@pid</c>, with <c>†</c> behind a tombstone.</summary>
    /// <returns>A text for messages; it leaves the parent out.</returns>
    public override string ToString() =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Version}@{Pid}{(Tombstone ? "†" : "")}");
}

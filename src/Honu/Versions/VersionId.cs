using System.Globalization;

namespace Honu;

/// <summary>Identifies one version of one object: a Lamport scalar plus the replica that wrote it. Never used for two contents.</summary>
/// <param name="Scalar">The clock's value at the write; greater for every later write that could have seen this one. 0 only in <see langword="default"/>, which means "no version".</param>
/// <param name="Replica">The writer.</param>
public readonly record struct VersionId(ulong Scalar, ReplicaId Replica)
{
    /// <summary>Whether this is <see langword="default"/>: no version at all.</summary>
    public bool IsNone => Scalar == 0;

    /// <summary>Formats as <c>scalar@pid.epoch</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Scalar}@{Replica}");

    /// <summary>Reads <c>scalar@pid.epoch</c>; <c>scalar@pid</c> means epoch 0.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out VersionId version)
    {
        version = default;
        var at = text.IndexOf('@');
        if (at < 0
            || !ulong.TryParse(text[..at], NumberStyles.None, CultureInfo.InvariantCulture, out var scalar)
            || scalar == 0
            || !ReplicaId.TryParse(text[(at + 1)..], out var replica))
            return false;
        version = new VersionId(scalar, replica);
        return true;
    }
}

namespace Honu;

/// <summary>Decides which of two versions wins: the later scalar; among equal scalars the lower pid (the rule of the Go library), then the lower epoch.</summary>
/// <remarks>A total order that every replica computes alike from the versions themselves, so that all of them keep the same winner.</remarks>
public static class VersionOrder
{
    /// <summary>Compares like <see cref="IComparer{T}"/>: positive when <paramref name="left"/> wins.</summary>
    public static int Compare(VersionId left, VersionId right)
    {
        var byScalar = left.Scalar.CompareTo(right.Scalar);
        return byScalar != 0 ? byScalar : right.Replica.CompareTo(left.Replica);
    }

    /// <summary>Whether <paramref name="candidate"/> wins over <paramref name="current"/>; <see langword="false"/> when they are equal.</summary>
    public static bool Wins(VersionId candidate, VersionId current) => Compare(candidate, current) > 0;
}

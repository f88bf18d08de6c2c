using Honu.Format;

namespace Honu.Applying;

/// <summary>The records of an object at one moment: the current one and the losers that are listed.</summary>
/// <param name="Current">The current record; <see langword="null"/> when there is none.</param>
/// <param name="Losers">The records of the losers, by ascending version.</param>
internal sealed record ConflictedObject(byte[]? Current, List<byte[]> Losers)
{
    public static ConflictedObject Missing { get; } = new(null, []);

    public VersionId Version => Current is null ? default : RecordReader.ReadVersion(Current);

    /// <summary>Whether nothing has changed between two moments that matters to a resolver.</summary>
    public bool IsSameAs(ConflictedObject later)
    {
        if (Version != later.Version || Losers.Count != later.Losers.Count)
            return false;
        for (var i = 0; i < Losers.Count; i++)
        {
            if (RecordReader.ReadVersion(Losers[i]) != RecordReader.ReadVersion(later.Losers[i]))
                return false;
        }

        return true;
    }
}

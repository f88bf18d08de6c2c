namespace Honu;

/// <summary>Two versions of one object that were written without knowing of each other. A view: valid only during the call that it is passed to.</summary>
public readonly ref struct ConflictContext
{
    /// <summary>Creates the view; useful in tests of a resolver.</summary>
    public ConflictContext(string @namespace, ReadOnlySpan<byte> key, VersionedValue winner, VersionedValue loser)
    {
        Namespace = @namespace;
        Key = key;
        Winner = winner;
        Loser = loser;
    }

    /// <summary>The namespace.</summary>
    public string Namespace { get; }

    /// <summary>The object's key.</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <summary>The side that readers see now, because its version wins (<see cref="VersionOrder"/>). Where an object has several losers, the result of merging the ones before.</summary>
    public VersionedValue Winner { get; }

    /// <summary>The other side.</summary>
    public VersionedValue Loser { get; }
}

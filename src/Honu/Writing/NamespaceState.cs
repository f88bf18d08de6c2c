namespace Honu.Writing;

/// <summary>What a store knows of one namespace. Changed by the committing thread only; <see cref="Id"/> and <see cref="Name"/> never change.</summary>
internal sealed class NamespaceState(ushort id, string name, VersionVector vector)
{
    private LooseDigest _loose;

    public ushort Id { get; } = id;

    public string Name { get; } = name;

    /// <summary>Which writes are held or superseded here, the own ones included.</summary>
    public VersionVector Vector { get; set; } = vector;

    public LooseDigest Loose => _loose;

    /// <summary>A record became current: it is loose unless the vector covers it.</summary>
    public void BecameCurrent(VersionId version)
    {
        if (!Vector.Covers(version))
            _loose.Add(version);
    }

    /// <summary>A record is current no more.</summary>
    public void WasReplaced(VersionId version)
    {
        if (!version.IsNone && !Vector.Covers(version))
            _loose.Remove(version);
    }

    /// <summary>The vector has grown: what is loose now was counted anew.</summary>
    public void Recount(LooseDigest loose) => _loose = loose;
}

namespace Honu.Writing;

/// <summary>What a store knows of one namespace. Changed by the committing thread only; <see cref="Id"/> and <see cref="Name"/> never change.</summary>
internal sealed class NamespaceState(ushort id, string name, VersionVector vector)
{
    private LooseDigest _loose;

    public ushort Id { get; } = id;

    public string Name { get; } = name;

    /// <summary>Which writes are held or superseded here, the own ones included.</summary>
    public VersionVector Vector { get; private set; } = vector;

    public LooseDigest Loose => _loose;

    /// <summary>The vector that the last barrier has vouched for in this run.</summary>
    public VersionVector? BarrierVector { get; set; }

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

    /// <summary>Another vector counts from now on, with what is loose beside it.</summary>
    public void Publish(VersionVector vector, LooseDigest loose)
    {
        Vector = vector;
        _loose = loose;
    }
}

namespace Honu.Replication;

/// <summary>Chooses the peer of the next session. Pure but for its own statistics; randomness is handed in.</summary>
public interface IPeerSelector
{
    /// <summary>The name under which it is chosen in configuration.</summary>
    string Name { get; }

    /// <summary>Chooses one of <paramref name="arms"/>, which is never empty and never holds the replica itself.</summary>
    /// <returns>An index into <paramref name="arms"/>.</returns>
    int Select(IReadOnlyList<PeerAddress> arms, Random random);

    /// <summary>Learns how a session with an arm went.</summary>
    void Learn(PeerAddress arm, SyncReport report);
}

/// <summary>The selectors by their names.</summary>
public static class PeerSelectors
{
    /// <summary>The names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [UniformSelector.SelectorName];

    /// <summary>A new selector.</summary>
    /// <exception cref="ArgumentException">There is no selector of that name; the message lists them.</exception>
    public static IPeerSelector Create(string name) => name switch
    {
        UniformSelector.SelectorName => new UniformSelector(),
        _ => throw new ArgumentException($"There is no selector \"{name}\"; there are: {string.Join(", ", Names)}.", nameof(name)),
    };
}

namespace Honu.Simulation;

/// <summary>A client that moves between replicas with its token.</summary>
/// <param name="name">Its name.</param>
public sealed class SimulatedSession(string name)
{
    private readonly Dictionary<(string Namespace, string Key), SessionChecker.Floor> _floors = [];

    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>What it shows to the next replica.</summary>
    public CausalToken Token { get; private set; } = CausalToken.Empty;

    /// <summary>The replica at which it waits for what its token asks for.</summary>
    public SimulatedReplica? WaitsAt { get; set; }

    /// <summary>How long it waits before it tries elsewhere.</summary>
    public TimeSpan Patience { get; set; }

    /// <summary>How often in a row it has waited in vain.</summary>
    public int Failures { get; set; }

    /// <summary>What it must never look behind.</summary>
    public IReadOnlyDictionary<(string Namespace, string Key), SessionChecker.Floor> Floors => _floors;

    /// <summary>Takes a token over, by its text, as a client does that keeps it in a cookie.</summary>
    public void Keep(CausalToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        Token = CausalToken.Parse(Token.Merge(token).ToString());
    }

    /// <summary>Raises a floor, if it is lower.</summary>
    public void Raise((string Namespace, string Key) item, SessionChecker.Floor floor)
    {
        if (!floor.Version.IsNone && (!_floors.TryGetValue(item, out var known) || VersionOrder.Wins(floor.Version, known.Version)))
            _floors[item] = floor;
    }

    /// <summary>Begins anew: a power loss may have taken what the token asks for.</summary>
    public void Forget()
    {
        Token = CausalToken.Empty;
        Failures = 0;
        _floors.Clear();
    }
}

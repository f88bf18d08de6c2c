namespace Honu.Replication;

/// <summary>How fresh writes reach the other replicas.</summary>
public enum Dissemination
{
    /// <summary>By anti-entropy sessions only.</summary>
    Sessions,

    /// <summary>Pushed at once to one replica of each other region, which hands them on to its neighbours. Sessions repair what that misses.</summary>
    RegionRelay,
}

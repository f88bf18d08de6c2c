namespace Honu.Replication;

/// <summary>Says what a session was worth. Pure.</summary>
public interface IRewardFunction
{
    /// <summary>The name under which it is chosen in configuration.</summary>
    string Name { get; }

    /// <summary>The worth of a session, 0 to 1.</summary>
    double Of(in SessionWorth worth);
}

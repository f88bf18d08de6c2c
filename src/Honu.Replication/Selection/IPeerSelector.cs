namespace Honu.Replication;

/// <summary>Chooses the peer of the next session. Pure but for its own statistics: time, randomness and rewards are handed in. Not thread-safe.</summary>
public interface IPeerSelector
{
    /// <summary>The name under which it is chosen in configuration, with its parameter where it has one.</summary>
    string Name { get; }

    /// <summary>Whether it uses <see cref="PeerArm.ExpectedNews"/>, which costs time to estimate.</summary>
    bool WantsNews => false;

    /// <summary>Chooses one of <paramref name="arms"/>, which never hold the replica itself.</summary>
    /// <param name="arms">The peers to choose from, at least one; in the same order each time, as some selectors give ties to the first.</param>
    /// <param name="now">The time, on a clock that never goes back.</param>
    /// <param name="random">The source of all chance.</param>
    /// <returns>An index into <paramref name="arms"/>. <see cref="SelectionGuards"/> answers −1 when none may be chosen now.</returns>
    int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random);

    /// <summary>Learns what a session with an arm was worth.</summary>
    /// <param name="arm">The peer. It need not have been chosen by this selector.</param>
    /// <param name="reward">0 to 1.</param>
    /// <param name="now">The time.</param>
    void Learn(PeerArm arm, double reward, TimeSpan now);

    /// <summary>A session with an arm ended that says nothing about the arm's worth: there was nothing to exchange, or it failed. A selector that courts what it knows little of counts it as a try.</summary>
    void Visit(PeerArm arm, TimeSpan now)
    {
    }

    /// <summary>What is known of an arm, for display; <see langword="default"/> when it was never learned of.</summary>
    ArmStatistics Describe(PeerArm arm, TimeSpan now);

    /// <summary>Everything learned, to be kept over restarts. Ordered by key; empty when nothing is worth keeping.</summary>
    IReadOnlyList<ArmState> Export(TimeSpan now);

    /// <summary>Takes over what <see cref="Export"/> gave, in place of what is known.</summary>
    void Import(IReadOnlyList<ArmState> state, TimeSpan now);

    /// <summary>Forgets arms that are not among those that are wanted.</summary>
    void Retain(Func<string, bool> isWanted);
}

/// <summary>What a selector knows of one arm.</summary>
/// <param name="Count">How many rewards speak for it; fractional where old ones count less.</param>
/// <param name="Value">What the next session with it is expected to be worth, 0 to 1.</param>
public readonly record struct ArmStatistics(double Count, double Value);

/// <summary>What a selector keeps of one arm over restarts.</summary>
/// <param name="Key">The <see cref="PeerArm.Key"/>, or a name of a group of arms.</param>
/// <param name="Count">How many rewards speak for it.</param>
/// <param name="Value">Their mean.</param>
/// <param name="Weight">What else the selector counts by, 0 where it does not; 0 is also what is taken when nothing is known.</param>
public readonly record struct ArmState(string Key, double Count, double Value, double Weight = 0)
{
    /// <summary>The same, as if it had been learned by less: what was true before a long stop should not outvote what is seen now.</summary>
    /// <param name="kept">The part that still counts, 0 to 1.</param>
    public ArmState Fade(double kept) => this with { Count = Count * kept, Weight = Weight * kept };
}

namespace Honu.Replication;

/// <summary>What a selector knows of a peer, and how often the peer was chosen.</summary>
/// <param name="Value">What the next session with it is expected to be worth, 0 to 1; 0 when nothing was learned.</param>
/// <param name="Count">How many rewards speak for that; fractional where old ones count less, or were learned before a restart.</param>
/// <param name="Selections">How often it was chosen since the replica was started.</param>
/// <param name="Share">Its part of about the last hundred choices, 0 to 1.</param>
/// <param name="LastReward">What the last session was worth that had something to exchange; <see langword="null"/> until one had.</param>
public sealed record ArmSnapshot(double Value, double Count, long Selections, double Share, double? LastReward);

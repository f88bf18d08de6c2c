namespace Honu.Hosting;

/// <summary>What became of a write through a server.</summary>
/// <param name="Applied">Whether something was written.</param>
/// <param name="Version">The version made, or the one that is current when nothing was written.</param>
/// <param name="AcknowledgedBy">How many replicas beside the server have said in time that they hold it durably; 0 when that was not asked for. Fewer than asked for takes nothing back.</param>
/// <param name="Token">What to show to the next server, so that it shows this write or something later; empty when it was not asked for, or nothing was written.</param>
public sealed record TrackedWrite(bool Applied, ObjectVersion Version, int AcknowledgedBy, CausalToken Token);

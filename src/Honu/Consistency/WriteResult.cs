namespace Honu;

/// <summary>What became of an asynchronous write.</summary>
/// <param name="Applied">Whether something was written: not when an expected version was not current, or there was nothing to delete.</param>
/// <param name="Version">The version it made, or the one that is current when nothing was written.</param>
/// <param name="AcknowledgedBy">How many other replicas have said that they hold it durably, within the time that <see cref="WriteOptions.WaitForReplicas"/> allowed; 0 when that was not asked for.
/// Fewer than asked for is no failure of the write: it stays, and goes on being replicated.</param>
public readonly record struct WriteResult(bool Applied, ObjectVersion Version, int AcknowledgedBy);

namespace Honu;

/// <summary>What a backup or a restoration has copied.</summary>
/// <param name="Entries">Entries of the database: objects with their history, and what the store keeps beside them.</param>
/// <param name="Bytes">Their keys and values in bytes.</param>
public readonly record struct BackupReport(long Entries, long Bytes);

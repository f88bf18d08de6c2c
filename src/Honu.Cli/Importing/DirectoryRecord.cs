namespace Honu.Cli.Importing;

/// <summary>One row of a foreign database as a write to a store, or why it cannot be one.</summary>
/// <param name="DatabaseKey">The key in the foreign database.</param>
/// <param name="Operation">The write; nothing when there is a problem.</param>
/// <param name="Problem">Null, or what is wrong.</param>
internal readonly record struct DirectoryRecord(ReadOnlyMemory<byte> DatabaseKey, Hosting.StoreOperation Operation, string? Problem);

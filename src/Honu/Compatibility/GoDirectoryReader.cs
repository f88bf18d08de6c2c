using Honu.LevelDb;

namespace Honu.Compatibility;

/// <summary>One row of a Go Honu database: an object, or why it is none.</summary>
/// <param name="DatabaseKey">The key in the database; a copy.</param>
/// <param name="Object">The object; <see langword="null"/> when the row is none.</param>
/// <param name="Problem">What is wrong with the row, in a few words; <see langword="null"/> when there is an object.</param>
public sealed record GoDirectoryRow(ReadOnlyMemory<byte> DatabaseKey, GoObject? Object, string? Problem);

/// <summary>Reads all objects of a database that Go Honu v0.2.8 wrote.</summary>
/// <remarks>
/// Namespace and key are those that the object itself names. The database key is only compared with them: <c>people::x::1</c> may be
/// ("people", "x::1") or ("people::x", "1"), and a row that stands under another key than its own was not written by Go Honu.
/// </remarks>
public static class GoDirectoryReader
{
    /// <summary>Walks the rows in the order of their database keys, tombstones included.</summary>
    /// <param name="database">
    /// The open database. Opening one writes into its directory, so that the Go program should not meet it afterwards: open a copy.
    /// </param>
    /// <returns>One item for each row, read when it is asked for; a row that is no object does not end the walk.</returns>
    /// <exception cref="LevelDbException">While walking: the database is damaged, and rows behind this point were not seen.</exception>
    /// <remarks>Shows one moment of the database. For one thread at a time; stop early by disposing the enumerator, as <c>foreach</c> does.</remarks>
    public static IEnumerable<GoDirectoryRow> Read(LevelDatabase database)
    {
        ArgumentNullException.ThrowIfNull(database);
        return Walk(database);
    }

    private static IEnumerable<GoDirectoryRow> Walk(LevelDatabase database)
    {
        using var iterator = database.CreateIterator(new LevelReadOptions { DontFillCache = true });
        for (iterator.SeekToFirst(); iterator.IsValid; iterator.Next())
            yield return ToRow(iterator.Key, iterator.Value);
        iterator.ThrowIfFailed();
    }

    private static GoDirectoryRow ToRow(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var databaseKey = key.ToArray();
        if (!GoObject.TryParse(value, out var found, out var error))
            return new GoDirectoryRow(databaseKey, Object: null, $"not an object of Go Honu: {error}");
        // Almost any short value is some protobuf message: this is what tells an object from the row of another program.
        return key.SequenceEqual(found.GetStorageKey())
            ? new GoDirectoryRow(databaseKey, found, Problem: null)
            : new GoDirectoryRow(databaseKey, Object: null, "not an object of Go Honu: the namespace and the key in it belong to another database key");
    }
}

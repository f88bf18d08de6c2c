using System.Text;
using Honu.Compatibility;
using Honu.Hosting;
using Honu.LevelDb;

namespace Honu.Cli.Importing;

/// <summary>The databases that an import reads.</summary>
internal enum DirectoryForm
{
    /// <summary>Written by Go Honu v0.2.8.</summary>
    GoHonu,

    /// <summary>Any LevelDB.</summary>
    LevelDb,
}

/// <summary>The rows of a foreign database as writes to a store.</summary>
internal static class DirectoryRecords
{
    /// <summary>Objects of Go Honu in their own namespaces.</summary>
    /// <param name="database">The database.</param>
    /// <param name="namespaceOfNone">Where objects go that have no namespace; null: they cannot be stored.</param>
    /// <param name="maxValueBytes">The store's limit.</param>
    public static IEnumerable<DirectoryRecord> OfGoHonu(LevelDatabase database, string? namespaceOfNone, long maxValueBytes)
    {
        foreach (var row in GoDirectoryReader.Read(database))
        {
            if (row.Object is not { } found)
            {
                yield return new DirectoryRecord(row.DatabaseKey, default, row.Problem);
                continue;
            }

            var ns = found.Namespace.Length == 0 && namespaceOfNone is not null ? namespaceOfNone : found.Namespace;
            // A tombstone keeps no data; what a foreign writer may have left there is no value.
            var deleted = found.Version?.Tombstone ?? false;
            yield return Checked(row.DatabaseKey, new StoreOperation(ns, found.Key, deleted ? default : found.Data, deleted), maxValueBytes);
        }
    }

    /// <summary>Every key and value, in one namespace.</summary>
    public static IEnumerable<DirectoryRecord> OfLevelDb(LevelDatabase database, string ns, long maxValueBytes)
    {
        using var iterator = database.CreateIterator(new LevelReadOptions { DontFillCache = true });
        for (iterator.SeekToFirst(); iterator.IsValid; iterator.Next())
        {
            var key = iterator.Key.ToArray();
            yield return Checked(key, new StoreOperation(ns, key, iterator.Value.ToArray()), maxValueBytes);
        }

        iterator.ThrowIfFailed();
    }

    private static DirectoryRecord Checked(ReadOnlyMemory<byte> databaseKey, StoreOperation operation, long maxValueBytes)
    {
        var namespaceBytes = Encoding.UTF8.GetByteCount(operation.Namespace);
        var problem = namespaceBytes switch
        {
            0 => "the object has no namespace (--namespace NAME gives it one)",
            > StoreLimits.MaxNamespaceBytes => $"a namespace has 1 to {StoreLimits.MaxNamespaceBytes} bytes of UTF-8, this one has {namespaceBytes}",
            _ => RecordParser.CheckSizes(operation, maxValueBytes),
        };
        return problem is null ? new DirectoryRecord(databaseKey, operation, null) : new DirectoryRecord(databaseKey, default, problem);
    }
}

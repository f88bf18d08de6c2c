using System.Runtime.CompilerServices;
using Honu.Hosting;
using Honu.LevelDb;

namespace Honu.Cli.Importing;

/// <summary>The records of a foreign database as batches. At the first that cannot be stored it hands over what came before, then throws, unless it may skip it.</summary>
/// <param name="database">The open copy.</param>
/// <param name="directory">The directory that the user named, for messages.</param>
/// <param name="records">Its records, in the order of the database keys.</param>
/// <param name="withTombstones">Whether a tombstone becomes a deletion; otherwise it is only counted.</param>
/// <param name="skipped">Takes the description of each record that cannot be stored; null to stop there.</param>
internal sealed class DirectorySource(
    LevelDatabase database, string directory, IEnumerable<DirectoryRecord> records, bool withTombstones, Action<string>? skipped)
{
    private const int BatchRecords = 1024;
    private const int BatchBytes = 1024 * 1024;

    /// <summary>About how much of the database has been read, in bytes of its files.</summary>
    public long Position { get; private set; }

    /// <summary>Tombstones read so far.</summary>
    public long Tombstones { get; private set; }

    /// <summary>Records left out because they cannot be stored.</summary>
    public long Skipped { get; private set; }

    /// <exception cref="BadRecordException">A record cannot be stored.</exception>
    /// <exception cref="CliException">The database is damaged.</exception>
    public async IAsyncEnumerable<IReadOnlyList<StoreOperation>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        using var rows = records.GetEnumerator();
        var batch = new List<StoreOperation>(BatchRecords);
        var bytes = 0;
        Exception? end = null;
        while (end is null && TryMove(rows, out end))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var record = rows.Current;
            if (record.Problem is not null)
            {
                end = Skip(record, record.Problem);
                continue;
            }

            if (record.Operation.IsDelete)
                Tombstones++;
            if (record.Operation.IsDelete && !withTombstones)
                continue;
            batch.Add(record.Operation);
            bytes += record.Operation.Key.Length + record.Operation.Value.Length;
            if (batch.Count < BatchRecords && bytes < BatchBytes)
                continue;

            // An empty key would mean "to the end".
            if (!record.DatabaseKey.IsEmpty)
                Position = (long)database.GetApproximateSize([], record.DatabaseKey.Span);
            yield return batch;
            batch.Clear();
            bytes = 0;
        }

        if (batch.Count > 0)
            yield return batch;
        if (end is not null)
            throw end;
    }

    private bool TryMove(IEnumerator<DirectoryRecord> rows, out Exception? error)
    {
        error = null;
        try
        {
            return rows.MoveNext();
        }
        catch (LevelDbException e)
        {
            error = DirectoryCopy.Damaged(e, directory);
            return false;
        }
    }

    private BadRecordException? Skip(in DirectoryRecord record, string problem)
    {
        if (skipped is null)
            return new BadRecordException(record.DatabaseKey, problem);
        Skipped++;
        skipped(BadRecordException.Describe(record.DatabaseKey.Span, problem));
        return null;
    }
}

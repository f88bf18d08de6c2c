using Honu.Engines;
using Honu.Format;

namespace Honu.Care;

/// <summary>Gives objects whose current record was lost their newest record in history, and drops what history cannot be shown any more.</summary>
/// <remarks>
/// The current record of an object that was overwritten stands in its history as well, so this usually restores exactly what was lost. Where
/// that row was lost too, an older version comes back, a deleted object perhaps: the peers know better and say so in the next sessions.
/// </remarks>
internal sealed class HistoryRescue(IStorageEngine engine, RecordWriter records)
{
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];

    public void Run(ProblemList dropped, Dictionary<ushort, string> names, ref long current, ref long history, ref long restored)
    {
        using var batch = engine.CreateBatch();
        using var rows = engine.CreateIterator(verify: true);
        rows.Seek([KeySpaces.History]);
        while (rows.IsValid && rows.Key[0] == KeySpaces.History)
        {
            EntryCheck.TryReadHistoryKey(rows.Key, out var view, out _);
            EntryCheck.TryReadNamespace(rows.Key, out var ns);
            var prefix = rows.Key[..^8].ToArray();
            var key = view.ToArray();
            if (!HasCurrent(ns, key, out var newest))
            {
                newest = ReadRows(rows, prefix, out var best);
                if (best is not null && RecordReader.TryParse(best, out var record))
                {
                    batch.Put(KeySpaces.CurrentKey(_keyBuffer, ns, key), records.Rewrite(record, new LocalPart(newest)));
                    current++;
                    restored++;
                }
                else
                {
                    // Only losers of conflicts are left: none of them ever was the object's value.
                    newest = 0;
                }
            }

            for (rows.Seek(prefix); rows.IsValid && rows.Key.StartsWith(prefix); rows.Next())
            {
                if (RecordReader.TryParse(rows.Value, out var row) && row.HistorySequence is > 0 && row.HistorySequence <= newest)
                    continue;
                dropped.Add(names.GetValueOrDefault(ns), rows.Key, newest == 0 ? "history of an object that is lost" : "a row of history newer than its object");
                batch.Delete(rows.Key);
                history--;
            }

            engine.Write(batch, sync: false);
            batch.Clear();
        }

        rows.ThrowIfFailed();
    }

    private bool HasCurrent(ushort ns, ReadOnlySpan<byte> key, out ulong newest)
    {
        using var value = engine.Get(KeySpaces.CurrentKey(_keyBuffer, ns, key));
        newest = value.Found && RecordReader.TryParse(value.Span, out var record) ? record.HistorySequence : 0;
        return value.Found;
    }

    // The greatest sequence, and the record of the winning version among those that were current once.
    private static ulong ReadRows(EngineIterator rows, byte[] prefix, out byte[]? best)
    {
        best = null;
        ulong newest = 0;
        VersionId winner = default;
        for (rows.Seek(prefix); rows.IsValid && rows.Key.StartsWith(prefix); rows.Next())
        {
            if (!RecordReader.TryParse(rows.Value, out var row))
                continue;
            newest = Math.Max(newest, row.HistorySequence);
            if (row.LostConflict || (best is not null && !VersionOrder.Wins(row.Version, winner)))
                continue;
            winner = row.Version;
            best = rows.Value.ToArray();
        }

        return newest;
    }
}

using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Care;

/// <summary>Copies a snapshot of an engine, entry by entry, into a new store of the same identity.</summary>
/// <remarks>
/// Every key space travels, also those that this build does not know, apart from what broken streams have left. Each entry is checked on
/// the way: a copy that is complete, or an error. The copy bears a stamp that no directory has, so the store in it, and in each further
/// copy of it, takes an epoch of its own when it is first opened (R12). Its marker file is written last: a copy that was cut short is no store.
/// </remarks>
/// <param name="source">The engine to copy.</param>
/// <param name="snapshot">What of it.</param>
/// <param name="isSettled">Whether the source's opening has settled its vectors, so that the copy counts as closed cleanly. Otherwise the copy's first opening does that.</param>
internal sealed class StoreCopier(IStorageEngine source, EngineSnapshot snapshot, bool isSettled)
{
    private const int BatchBytes = 1 << 20;
    private const int ReportEvery = 1024;

    private readonly List<ushort> _namespaces = [];
    private long _entries;
    private long _bytes;

    /// <summary>Copies into <paramref name="target"/>; on failure and on cancellation nothing of the copy is left.</summary>
    public BackupReport CopyTo(string target, IStorageEngineFactory factory, HonuStoreOptions options, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var isNew = StoreDirectory.PrepareEmpty(target);
        try
        {
            using (var engine = factory.Open(target, options with { ReadOnly = false }))
            {
                CopyEntries(engine, progress, cancellationToken);
                WriteClosingRecords(engine);
                cancellationToken.ThrowIfCancellationRequested();
                StoreDirectory.WriteMarker(target, options.Formats.Current);

                // The barrier of an engine in a directory includes the directory, so the marker's name is durable as well.
                engine.Sync();
            }

            progress?.Report(_entries);
            return new BackupReport(_entries, _bytes);
        }
        catch (Exception error)
        {
            // Whatever the reason, half a copy helps nobody.
            Remove(target, isNew);
            if (error is IOException or UnauthorizedAccessException)
                throw StoreDirectory.Unusable(target, error);
            throw;
        }
    }

    private void CopyEntries(IStorageEngine engine, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        long batchBytes = 0;
        using var batch = engine.CreateBatch();
        using var entries = source.CreateIterator(snapshot, verify: true);
        for (entries.Seek([]); entries.IsValid; entries.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (EntryCheck.FindFault(entries.Key, entries.Value) is { } fault)
                throw new HonuCorruptionException(path: null, $"The copy was given up: {fault} (engine key {Convert.ToHexString(entries.Key[..Math.Min(entries.Key.Length, 64)])}). Verify the store, then repair it or restore another backup.");
            if (EntryCheck.IsNamespaceName(entries.Key, out var ns))
                _namespaces.Add(ns);
            if (IsLeftOut(entries.Key))
                continue;

            batch.Put(entries.Key, entries.Value);
            batchBytes += entries.Key.Length + entries.Value.Length;
            if (++_entries % ReportEvery == 0)
                progress?.Report(_entries);
            if (batchBytes < BatchBytes)
                continue;
            Write(engine, batch, ref batchBytes);
        }

        // What was passed over would be missing from the copy.
        entries.ThrowIfFailed();
        Write(engine, batch, ref batchBytes);
    }

    private void Write(IStorageEngine engine, EngineBatch batch, ref long batchBytes)
    {
        engine.Write(batch, sync: false);
        batch.Clear();
        _bytes += batchBytes;
        batchBytes = 0;
    }

    // A cursor vouches for what one sender has sent to one place, a digest for the rows of one place, the filter's record for a file; the identity and the settled records are written anew at the end.
    private bool IsLeftOut(ReadOnlySpan<byte> key) =>
        key[0] is KeySpaces.Cursor or KeySpaces.Digest or KeySpaces.Staging
        || key.SequenceEqual(MetaRecords.Key(MetaRecords.Identity))
        || key.SequenceEqual(MetaRecords.Key(MetaRecords.Filter))
        || (isSettled && (key[0] == KeySpaces.Vector || key.SequenceEqual(MetaRecords.Key(MetaRecords.Run))));

    private void WriteClosingRecords(IStorageEngine engine)
    {
        var identityKey = MetaRecords.Key(MetaRecords.Identity);
        var identity = StoreIdentity.Decode(MetaRecords.Get(source, identityKey, snapshot) ?? throw MetaRecords.Damaged(identityKey)) ?? throw MetaRecords.Damaged(identityKey);
        using var batch = engine.CreateBatch();
        MetaRecords.Put(batch, identityKey, (identity with { DirectoryStamp = StoreIdentity.NeverOpened }).Encode());
        if (isSettled)
        {
            RunRecord.Write(batch, bootId: "", isClean: true);
            WriteVectors(batch, identity.Replica);
        }

        // Everything before it first: the last log being durable says nothing of the ones before.
        engine.Sync();
        engine.Write(batch, sync: true);
        _entries += batch.Count;
    }

    // A put writes no vector, a clean close does: so does a copy that counts as one.
    private void WriteVectors(EngineBatch batch, ReplicaId writer)
    {
        Span<byte> key = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        foreach (var ns in _namespaces)
        {
            KeySpaces.Prefix(key, KeySpaces.Vector, ns);
            var vector = new VersionVector();
            if (MetaRecords.Get(source, key, snapshot) is { } payload && !VersionVector.TryDecode(payload, out vector))
                throw MetaRecords.Damaged(key);
            vector.Advance(writer, StoreOpener.LastIndexed(source, ns, writer, snapshot));
            MetaRecords.Put(batch, key, vector.ToArray());
        }
    }

    private static void Remove(string target, bool isNew)
    {
        try
        {
            if (isNew)
            {
                Directory.Delete(target, recursive: true);
                return;
            }

            foreach (var entry in new DirectoryInfo(target).EnumerateFileSystemInfos())
            {
                if (entry is DirectoryInfo directory)
                    directory.Delete(recursive: true);
                else
                    entry.Delete();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The reason of the failure is worth more than this one; without a marker what is left is no store.
        }
    }
}

using System.Buffers.Binary;
using Honu.Applying;
using Honu.Digests;
using Honu.Format;
using Honu.Writing;

namespace Honu.Deferring;

/// <summary>Writes the current records of a closed epoch again under the present one (R12): another store has written under that epoch as well, so its versions may stand for two contents.</summary>
/// <remarks>
/// The epoch in question is noted under <c>M reissue</c> in the batch that closes it, so a kill in between is gone on from at the next opening.
/// The vectors forget the closed epoch: what they say of it may be about the other store's writes. The new versions follow on the old ones, so they
/// replace them everywhere; what the other store made of the same object is concurrent with them, and shown as a conflict.
/// </remarks>
internal sealed class EpochReissuer(StoreCore core)
{
    private const int RecordsPerBatch = 512;

    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];
    private readonly ReissuedRecord _records = new(core);

    private static byte[] MarkKey => MetaRecords.Key("reissue");

    /// <summary>Closes the present epoch and writes its current records again. Called outside of the queue.</summary>
    /// <returns>How many records were written.</returns>
    public long Run()
    {
        core.Exclusively(core, static core =>
        {
            core.ThrowIfUnusable();
            core.Held.Reissuer.StageMark(core.Identity.Replica);
            core.BeginNewEpoch();
            return true;
        });
        var count = Finish();
        if (count > 0)
            core.NotifyLocalCommit();
        return count;
    }

    /// <summary>Goes on with what a kill has interrupted.</summary>
    public long Finish()
    {
        long count = 0;
        foreach (var replica in ReadMark())
        {
            foreach (var ns in core.Namespaces.All)
            {
                while (core.Exclusively((core, ns, replica), static args => args.core.Held.Reissuer.ReissueSome(args.ns, args.replica)) is > 0 and var some)
                    count += some;
            }
        }

        core.Exclusively(core, static core =>
        {
            core.Batch.Delete(MarkKey);
            core.WriteBatch(sync: true);
            return true;
        });
        return count;
    }

    /// <summary>Whether a kill has left something to do.</summary>
    public bool HasWork => ReadMark().Count > 0;

    // Others may be noted still, if a kill came in between.
    private void StageMark(ReplicaId closed)
    {
        var replicas = ReadMark();
        replicas.Add(closed);
        var payload = new byte[8 * replicas.Count];
        for (var i = 0; i < replicas.Count; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(payload.AsSpan(8 * i), replicas[i].ToUInt64());
        MetaRecords.Put(core.Batch, MarkKey, payload);
    }

    private List<ReplicaId> ReadMark()
    {
        var replicas = new List<ReplicaId>();
        var payload = MetaRecords.Get(core.Engine, MarkKey) ?? [];
        for (var at = 0; at + 8 <= payload.Length; at += 8)
            replicas.Add(ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(payload.AsSpan(at))));
        return replicas;
    }

    private int ReissueSome(NamespaceState state, ReplicaId closed)
    {
        core.ThrowIfUnusable();
        if (state.IsDropped)
            return 0;
        Span<byte> indexKey = stackalloc byte[KeySpaces.IndexKeyBytes];
        var count = 0;
        using (var index = core.Engine.CreateIterator(verify: true))
        {
            index.Seek(KeySpaces.IndexKey(indexKey, state.Id, closed, 0));
            for (; count < RecordsPerBatch && index.IsValid && KeySpaces.TryReadIndexKey(index.Key, state.Id, out var version) && version.Replica == closed; index.Next())
            {
                var key = IndexEntry.ReadKey(index.Key, index.Value);
                using var current = core.Engine.Get(KeySpaces.CurrentKey(_keyBuffer, state.Id, key));
                if (!current.Found || RecordReader.ReadVersion(current.Span) != version)
                    continue;
                StageReissued(state, key, StoreCore.Parse(current.Span, key));
                count++;
            }

            index.ThrowIfFailed();
        }

        core.Commit(sync: false);
        return count;
    }

    private void StageReissued(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader record)
    {
        var version = new VersionId(core.Clock.Next(record.Version.Scalar), core.Identity.Replica);

        // What has expired by now has no value to be written again, and is as good as deleted.
        var isDeleted = record.IsTombstone || (record.Expiry != 0 && record.Expiry <= version.Scalar);
        var value = isDeleted ? default : record.Value;
        var context = record.Context.With(record.Version);
        var sequence = core.History.StagePrevious(state, key, record, lostConflict: false);
        var written = core.Records.Write(key, value, RecordChecksum.OfValue(value), isDeleted, version, record.Version, context, record.Creator, new LocalPart(sequence, record.Losers), isDeleted ? 0 : record.Expiry);
        var expiry = isDeleted ? 0 : record.Expiry;
        _records.Stage(state, key, written, new CurrentRecord(version, RecordReader.ReadChecksum(written), IsCounted: !isDeleted && expiry == 0, isDeleted), CurrentRecord.Of(record), sequence, expiry);
        core.Count(UpdateKind.Reissued);
    }
}

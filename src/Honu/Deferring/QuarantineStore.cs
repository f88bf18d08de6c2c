using System.Buffers.Binary;
using Honu.Digests;
using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Deferring;

/// <summary>Records that pass their checksum and that this store cannot hold: <c>Q ns key → since, record</c>, one for each key, with an entry in the index.</summary>
/// <remarks>
/// Such a record counts as held (R9): vectors may cover it, it is loose until they do, and streams pass it on. It stands beside the object,
/// whose readers see what was there before. It goes when a version comes that would have replaced it, when it can be held at last, or by the operator's
/// word. All members but those that list are for the committing thread.
/// </remarks>
internal sealed class QuarantineStore(StoreCore core)
{
    // Beyond these, per namespace, the chunk is refused: somebody has to look at it.
    public const int MaxRows = 1_000;
    public const long MaxBytes = 256L << 20;

    private const int SinceBytes = 8;

    private readonly Dictionary<NamespaceState, (int Rows, long Bytes)> _counts = [];
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];

    /// <summary>How many records of a namespace are in quarantine.</summary>
    public int Count(NamespaceState state) => _counts.GetValueOrDefault(state).Rows;

    /// <summary>The bytes of their rows.</summary>
    public long Bytes(NamespaceState state) => _counts.GetValueOrDefault(state).Bytes;

    /// <summary>Why a record cannot be an object here; <see langword="null"/> when it can.</summary>
    public string? ReasonOf(scoped in RecordReader record) =>
        record.Value.Length > core.Options.MaxValueBytes ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"its value has {record.Value.Length} bytes, more than the {core.Options.MaxValueBytes} allowed here (MaxValueBytes)")
        : record.Expiry != 0 && core.Identity.Clock != VersionClock.Hybrid ? "it expires, but the versions of this cluster do not tell their time"
        : null;

    /// <summary>The record that is in quarantine under a key, in its portable form; <see langword="null"/> when there is none.</summary>
    public static byte[]? Find(IStorageEngine engine, ushort ns, ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null)
    {
        Span<byte> engineKey = stackalloc byte[KeySpaces.MaxKeyBytes];
        var payload = MetaRecords.Get(engine, KeySpaces.QuarantineKey(engineKey, ns, key), snapshot);
        return payload?.Length > SinceBytes ? payload[SinceBytes..] : null;
    }

    /// <summary>Whether a version is in quarantine under a key.</summary>
    public bool Holds(NamespaceState state, ReadOnlySpan<byte> key, VersionId version) =>
        Count(state) > 0 && Find(core.Engine, state.Id, key) is { } held && RecordReader.ReadVersion(held) == version;

    /// <summary>Takes a record in that cannot be an object here.</summary>
    /// <returns>What it is to what is here, when that makes it needless; <see langword="null"/> when it is in quarantine now.</returns>
    public UpdateKind? Stage(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader incoming)
    {
        core.Clock.Observe(incoming.Version.Scalar);
        using var current = core.Engine.Get(KeySpaces.CurrentKey(_keyBuffer, state.Id, key));
        if (current.Found && IsNeedless(core.Applier.Classify(StoreCore.Parse(current.Span, key), incoming)) is { } toCurrent)
            return toCurrent;
        if (state.Vector.Covers(incoming.Version))
            return UpdateKind.Stale;
        var previous = default(VersionId);
        var previousBytes = 0;
        if (Find(core.Engine, state.Id, key) is { } held)
        {
            var record = StoreCore.Parse(held, key);
            if (IsNeedless(core.Applier.Classify(record, incoming)) is { } toHeld)
                return toHeld;
            (previous, previousBytes) = (record.Version, held.Length);
        }

        var payload = new byte[SinceBytes + incoming.PortableLength];
        BinaryPrimitives.WriteInt64LittleEndian(payload, core.Options.Environment.Time.GetUtcNow().ToUnixTimeMilliseconds());
        incoming.CopyPortable(payload.AsSpan(SinceBytes));
        MetaRecords.Put(core.Batch, KeySpaces.QuarantineKey(_keyBuffer, state.Id, key), payload);
        IndexEntry.Put(core.Batch, state.Id, incoming.Version, key, core.IndexScratch);

        // No object, so no part of the digest.
        core.StageReplacement(state, new CurrentRecord(incoming.Version, 0, IsCounted: false, IsTombstone: false), new CurrentRecord(previous, 0, IsCounted: false, IsTombstone: false), isLocal: false);
        var (rows, bytes) = (previous.IsNone ? 1 : 0, incoming.PortableLength - previousBytes);
        core.Held.OnCommit(() => Change(state, rows, bytes));
        return null;
    }

    /// <summary>A record becomes current, or loses against the one that is: takes away what is in quarantine under its key and would have been replaced by it.</summary>
    public void StageReplaced(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader incoming)
    {
        if (Count(state) == 0 || Find(core.Engine, state.Id, key) is not { } held)
            return;
        var record = StoreCore.Parse(held, key);
        if (core.Applier.Classify(record, incoming) is UpdateKind.Duplicate or UpdateKind.Linear or UpdateKind.Skip or UpdateKind.Stomp)
            StageRemoval(state, key, held, keepsIndex: record.Version == incoming.Version);
    }

    /// <summary>Takes a record out of quarantine.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="key">Its key.</param>
    /// <param name="held">Its bytes.</param>
    /// <param name="keepsIndex">Whether it becomes the current record by the same batch, and the index entry that one's.</param>
    public void StageRemoval(NamespaceState state, ReadOnlySpan<byte> key, byte[] held, bool keepsIndex)
    {
        core.Batch.Delete(KeySpaces.QuarantineKey(_keyBuffer, state.Id, key));
        var version = RecordReader.ReadVersion(held);
        core.Held.OnCommit(() =>
        {
            state.WasReplaced(version);
            if (!keepsIndex)
                core.Trimmer.Add(state, version);
            Change(state, -1, -held.Length);
        });
    }

    /// <summary>The records of a namespace, by key. For any thread.</summary>
    public List<QuarantinedObject> List(NamespaceState state)
    {
        var found = new List<QuarantinedObject>();
        foreach (var (key, since, held) in Rows(state))
        {
            var record = StoreCore.Parse(held, key);
            found.Add(new QuarantinedObject(state.Name, key, record.ToObjectVersion(core.Clock), ReasonOf(record) ?? "it could not be held when it came; it can be now: retry it", record.Value.Length, since));
        }

        return found;
    }

    /// <summary>Makes objects of those records that can be held by now.</summary>
    /// <returns>How many were taken out.</returns>
    public int StageRetry(NamespaceState state)
    {
        var taken = 0;
        foreach (var (key, _, held) in Rows(state).ToList())
        {
            var record = StoreCore.Parse(held, key);
            if (ReasonOf(record) is not null)
                continue;

            // What is in quarantine counts as held, so the vector may cover it: that must not keep it from its place (R1 is about what comes from outside).
            core.Applier.ApplyHeld(state, key, record);
            core.Commit(sync: false);
            taken++;
        }

        return taken;
    }

    /// <summary>Reads what is on disk, and makes sure that each record has its index entry: a repair builds the index from the objects alone.</summary>
    public void Load()
    {
        _counts.Clear();
        Span<byte> indexKey = stackalloc byte[KeySpaces.IndexKeyBytes];
        foreach (var state in core.Namespaces.All)
        {
            foreach (var (key, _, held) in Rows(state))
            {
                Change(state, 1, held.Length);
                var version = RecordReader.ReadVersion(held);
                using var entry = core.Engine.Get(KeySpaces.IndexKey(indexKey, state.Id, version.Replica, version.Scalar));
                if (!entry.Found)
                    IndexEntry.Put(core.Batch, state.Id, version, key, core.IndexScratch);
            }
        }

        if (core.Options.ReadOnly)
            core.Batch.Clear();
        else
            core.WriteBatch(sync: false);
    }

    /// <summary>A namespace was dropped.</summary>
    public void Forget(NamespaceState state) => _counts.Remove(state);

    /// <summary>What is wrong with a row whose envelope is whole; <see langword="null"/> when nothing is.</summary>
    public static string? FindFault(ReadOnlySpan<byte> engineKey, ReadOnlySpan<byte> payload) =>
        engineKey.Length <= KeySpaces.NamespacePrefixBytes || payload.Length <= SinceBytes ? "the row is cut off" : Care.EntryCheck.FindRecordFault(engineKey[KeySpaces.NamespacePrefixBytes..], payload[SinceBytes..]);

    private IEnumerable<(byte[] Key, DateTimeOffset Since, byte[] Record)> Rows(NamespaceState state)
    {
        var prefix = KeySpaces.Prefix(new byte[KeySpaces.NamespacePrefixBytes], KeySpaces.Quarantine, state.Id).ToArray();
        using var rows = core.Engine.CreateIterator(verify: true);
        for (rows.Seek(prefix); rows.IsValid && rows.Key.StartsWith(prefix); rows.Next())
        {
            // What fails its checks is as good as lost; verify tells of it.
            if (!Care.EntryCheck.TryOpen(rows.Key, rows.Value, out var payload) || FindFault(rows.Key, payload) is not null)
                continue;
            yield return (rows.Key[prefix.Length..].ToArray(), DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(payload)), payload[SinceBytes..].ToArray());
        }

        rows.ThrowIfFailed();
    }

    private static UpdateKind? IsNeedless(UpdateKind kind) => kind is UpdateKind.Linear or UpdateKind.Skip or UpdateKind.Stomp ? null : kind;

    private void Change(NamespaceState state, int rows, long bytes)
    {
        if (state.IsDropped)
            return;
        var (allRows, allBytes) = _counts.GetValueOrDefault(state);
        if (allRows + rows == 0)
            _counts.Remove(state);
        else
            _counts[state] = (allRows + rows, allBytes + bytes);
    }
}

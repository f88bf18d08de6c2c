namespace Honu;

// What concerns many objects at once.
public sealed partial class HonuNamespace
{
    private const int MaxDeletesPerCommit = 512;

    // A first overwrite copies the value into history, so values count as well.
    private const int MaxDeletedBytesPerCommit = 4 << 20;

    /// <summary>The latest values of several keys, all of one moment.</summary>
    /// <returns>In the order of the keys, each a new array; <see langword="null"/> for a key that does not exist or is deleted.</returns>
    /// <exception cref="ArgumentException">A key has not 1 to 4,096 bytes.</exception>
    /// <exception cref="HonuCorruptionException">A stored object failed its checks.</exception>
    /// <remarks>Safe to call from any thread. Does not wait for writers. A batch is seen with all of its operations or with none.</remarks>
    public IReadOnlyList<byte[]?> GetMany(IReadOnlyList<ReadOnlyMemory<byte>> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return GetMany(keys.Count, i => keys[i].Span);
    }

    /// <inheritdoc cref="GetMany(IReadOnlyList{ReadOnlyMemory{byte}})"/>
    public IReadOnlyList<byte[]?> GetMany(IReadOnlyList<byte[]> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return GetMany(keys.Count, i => keys[i]);
    }

    /// <summary>Counts objects by walking over them: the cost grows with the range. <see cref="GetApproximateSize"/> tells cheaply how large a range is.</summary>
    /// <param name="options">Which objects; <see langword="null"/> for all that are not deleted.</param>
    /// <exception cref="HonuCorruptionException">A stored object failed its checks.</exception>
    /// <remarks>Safe to call from any thread. Does not wait for writers; what is written meanwhile is not counted.</remarks>
    public long Count(ScanOptions? options = null)
    {
        long count = 0;
        foreach (var entry in Scan(options))
            count++;
        return count;
    }

    /// <summary>About how many bytes the current records of a range take in the engine's files, compressed as they are. Cheap: reads no record.</summary>
    /// <param name="options">Which objects, by prefix, from and to; <see langword="null"/> for all.</param>
    /// <returns>What was written lately and is still in memory is not in it, and what was deleted or overwritten may still be; 0 for engines that have no files.</returns>
    public long GetApproximateSize(ScanOptions? options = null)
    {
        options ??= ScanOptions.All;
        ScanOptions.ThrowIfInvalid(options);
        return State is { } state && options.TryGetRange(state.Id, out var from, out var to) ? _core.Engine.GetApproximateSize(from, to) : 0;
    }

    /// <summary>Deletes the objects of a range, each by a tombstone of its own.</summary>
    /// <param name="range">Which objects, at most <see cref="ScanOptions.Limit"/> of them; tombstones are passed over.</param>
    /// <param name="options">Options of these writes.</param>
    /// <returns>How many were deleted.</returns>
    /// <remarks>
    /// Up to 512 objects go in one commit, and other writers get their turn between two commits: not atomic as a whole. What is in the
    /// range when the call begins is deleted, also when it is overwritten meanwhile; new objects stay.
    /// </remarks>
    /// <exception cref="HonuException">The engine refused; nothing more is acknowledged until the engine could be opened again, which the next write tries. What was deleted before that stays deleted.</exception>
    /// <inheritdoc cref="Count"/>
    public long DeleteRange(ScanOptions range, WriteOptions options = default)
    {
        ArgumentNullException.ThrowIfNull(range);
        ThrowIfSnapshot();
        if (options.Needs is not null)
            ThrowIfWaits(options);
        var sync = IsSynced(_core, options);
        var batch = new HonuWriteBatch();
        long deleted = 0, bytes = 0;
        foreach (var entry in Scan(range with { IncludeTombstones = false }))
        {
            batch.Delete(Name, entry.Key);
            bytes += entry.Key.Length + entry.Value.Length;
            if (batch.Count < MaxDeletesPerCommit && bytes < MaxDeletedBytesPerCommit)
                continue;
            deleted += CommitDeletes(batch, sync);
            bytes = 0;
        }

        return deleted + CommitDeletes(batch, sync);
    }

    /// <summary>Deletes the objects whose keys begin with <paramref name="prefix"/>; with an empty one, all of them.</summary>
    /// <inheritdoc cref="DeleteRange"/>
    public long DeletePrefix(ReadOnlySpan<byte> prefix, WriteOptions options = default) => DeleteRange(ScanOptions.WithPrefix(prefix), options);

    private long CommitDeletes(HonuWriteBatch batch, bool sync)
    {
        if (batch.Count == 0)
            return 0;
        var deleted = _core.Writer.Commit(batch, sync, lifetime: 0).Count(static version => !version.IsNone);
        batch.Clear();
        return deleted;
    }

    private byte[]?[] GetMany(int count, Func<int, ReadOnlySpan<byte>> key)
    {
        var values = new byte[]?[count];
        if (State is not { } state)
        {
            for (var i = 0; i < count; i++)
                StoreLimits.CheckKey(key(i));
            return values;
        }

        using var moment = _snapshot is null ? _core.Engine.CreateSnapshot() : null;
        var view = moment is null ? this : new HonuNamespace(_core, Name, moment, state);
        for (var i = 0; i < count; i++)
            values[i] = view.Get(key(i));
        return values;
    }
}

namespace Honu;

// What concerns many objects at once.
public sealed partial class HonuNamespace
{
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

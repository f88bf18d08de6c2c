using System.Buffers;
using Honu.Engines;
using Honu.Format;
using Honu.History;
using Honu.Writing;

namespace Honu;

public sealed partial class HonuNamespace
{
    private const int StackKeyBytes = 512;

    /// <summary>Writes the latest value of <paramref name="key"/> to <paramref name="destination"/>. Allocates nothing.</summary>
    /// <returns><see langword="true"/> if the key exists and is not deleted; otherwise nothing was written.</returns>
    /// <exception cref="ArgumentException">The key has not 1 to 4,096 bytes.</exception>
    /// <exception cref="HonuCorruptionException">The stored object failed its checks.</exception>
    /// <remarks>Safe to call from any thread. Does not wait for writers.</remarks>
    public bool TryGet(ReadOnlySpan<byte> key, IBufferWriter<byte> destination) => TryGet(key, destination, out _);

    /// <summary>Writes the latest value of <paramref name="key"/> to <paramref name="destination"/>, and tells its version, also that of a tombstone.</summary>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, IBufferWriter{byte})"/>
    public bool TryGet(ReadOnlySpan<byte> key, IBufferWriter<byte> destination, out ObjectVersion version)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using var found = Find(key, out var record);
        version = found.Found ? record.ToObjectVersion(_core.Clock) : default;
        if (!found.Found || version.IsDeleted)
            return false;
        destination.Write(record.Value);
        return true;
    }

    /// <summary>Copies the latest value of <paramref name="key"/> into <paramref name="destination"/>, if it fits. Allocates nothing.</summary>
    /// <returns>The value's length; when that exceeds <paramref name="destination"/>, nothing was copied. -1 if the key does not exist or is deleted.</returns>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, IBufferWriter{byte})"/>
    public int Read(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        using var found = Find(key, out var record);
        if (!found.Found || record.IsDeleted(_core.Clock))
            return -1;
        if (record.Value.Length <= destination.Length)
            record.Value.CopyTo(destination);
        return record.Value.Length;
    }

    /// <summary>The latest value of <paramref name="key"/> as a new array, or <see langword="null"/> if it does not exist or is deleted.</summary>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, IBufferWriter{byte})"/>
    public byte[]? Get(ReadOnlySpan<byte> key) => Get(key, out _);

    /// <summary>The latest value of <paramref name="key"/> as a new array, with its version, also that of a tombstone.</summary>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, IBufferWriter{byte})"/>
    public byte[]? Get(ReadOnlySpan<byte> key, out ObjectVersion version)
    {
        using var found = Find(key, out var record);
        version = found.Found ? record.ToObjectVersion(_core.Clock) : default;
        return found.Found && !version.IsDeleted ? record.Value.ToArray() : null;
    }

    /// <summary>The latest version of <paramref name="key"/>, also when that is a tombstone.</summary>
    /// <returns><see langword="false"/> if the key was never written.</returns>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, IBufferWriter{byte})"/>
    public bool TryGetVersion(ReadOnlySpan<byte> key, out ObjectVersion version)
    {
        using var found = Find(key, out var record);
        version = found.Found ? record.ToObjectVersion(_core.Clock) : default;
        return found.Found;
    }

    /// <summary>Walks the objects in the order of their keys, as of this moment.</summary>
    /// <param name="options">Which objects; <see langword="null"/> for all that are not deleted, ascending.</param>
    /// <returns>An enumerable for <c>foreach</c>; its entries are views that are valid until the next step.</returns>
    public ScanEnumerable Scan(ScanOptions? options = null)
    {
        options ??= ScanOptions.All;
        ScanOptions.ThrowIfInvalid(options);
        return new ScanEnumerable(_core, State, _snapshot, options);
    }

    /// <summary>The versions of an object that are still here, with their values: the current one first, then by descending version, losers of conflicts marked.</summary>
    /// <returns>Empty if the key was never written. How many there are is decided by <see cref="Retention"/>.</returns>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, IBufferWriter{byte})"/>
    public IReadOnlyList<HistoryEntry> History(ReadOnlySpan<byte> key)
    {
        StoreLimits.CheckKey(key);
        if (State is not { } state)
            return [];
        if (_snapshot is not null)
            return HistoryStore.Read(_core, _snapshot, state, key);

        // The current record and the ring must be of one moment.
        using var moment = _core.Engine.CreateSnapshot();
        return HistoryStore.Read(_core, moment, state, key);
    }

    private EngineValue Find(scoped ReadOnlySpan<byte> key, out RecordReader record) =>
        Telemetry.IsListening ? FindMeasured(key, out record) : FindRecord(key, out record);

    private EngineValue FindMeasured(scoped ReadOnlySpan<byte> key, out RecordReader record)
    {
        var start = Telemetry.Start();
        try
        {
            var found = FindRecord(key, out record);
            Telemetry.Read("get", Name, start, found.Found ? record.Value.Length : 0);
            return found;
        }
        catch (Exception error)
        {
            Telemetry.Failed("get", Name, start, error);
            throw;
        }
    }

    private EngineValue FindRecord(scoped ReadOnlySpan<byte> key, out RecordReader record)
    {
        StoreLimits.CheckKey(key);
        record = default;
        if (State is not { } state)
            return default;

        // A filter of now says nothing about a snapshot.
        if (_snapshot is null && !_core.Presence.MayExist(_core.Hash.Of(state.Id, key)))
            return default;

        byte[]? rented = null;
        var length = KeySpaces.NamespacePrefixBytes + key.Length;
        Span<byte> buffer = length <= StackKeyBytes ? stackalloc byte[StackKeyBytes] : (rented = ArrayPool<byte>.Shared.Rent(length));
        try
        {
            var value = _core.Engine.Get(KeySpaces.CurrentKey(buffer, state.Id, key), _snapshot);
            if (!value.Found)
                return value;
            if (!RecordReader.TryParse(value.Span, out record) || !record.Verify(key))
            {
                value.Dispose();
                throw StoreCore.Damaged(key);
            }

            return value;
        }
        finally
        {
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
        }
    }
}

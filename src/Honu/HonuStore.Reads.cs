using System.Buffers;

namespace Honu;

public sealed partial class HonuStore
{
    /// <inheritdoc cref="HonuNamespace.TryGet(ReadOnlySpan{byte}, IBufferWriter{byte})"/>
    public bool TryGet(ReadOnlySpan<byte> key, IBufferWriter<byte> destination) => _default.TryGet(key, destination);

    /// <inheritdoc cref="HonuNamespace.TryGet(ReadOnlySpan{byte}, IBufferWriter{byte}, out ObjectVersion)"/>
    public bool TryGet(ReadOnlySpan<byte> key, IBufferWriter<byte> destination, out ObjectVersion version) => _default.TryGet(key, destination, out version);

    /// <inheritdoc cref="HonuNamespace.Read"/>
    public int Read(ReadOnlySpan<byte> key, Span<byte> destination) => _default.Read(key, destination);

    /// <inheritdoc cref="HonuNamespace.Get(ReadOnlySpan{byte})"/>
    public byte[]? Get(ReadOnlySpan<byte> key) => _default.Get(key);

    /// <inheritdoc cref="HonuNamespace.Get(ReadOnlySpan{byte}, out ObjectVersion)"/>
    public byte[]? Get(ReadOnlySpan<byte> key, out ObjectVersion version) => _default.Get(key, out version);

    /// <inheritdoc cref="HonuNamespace.TryGetVersion"/>
    public bool TryGetVersion(ReadOnlySpan<byte> key, out ObjectVersion version) => _default.TryGetVersion(key, out version);

    /// <inheritdoc cref="HonuNamespace.TryGet(ReadOnlySpan{byte}, VersionId, IBufferWriter{byte})"/>
    public bool TryGet(ReadOnlySpan<byte> key, VersionId id, IBufferWriter<byte> destination) => _default.TryGet(key, id, destination);

    /// <inheritdoc cref="HonuNamespace.TryGet(ReadOnlySpan{byte}, VersionId, IBufferWriter{byte}, out ObjectVersion)"/>
    public bool TryGet(ReadOnlySpan<byte> key, VersionId id, IBufferWriter<byte> destination, out ObjectVersion version) => _default.TryGet(key, id, destination, out version);

    /// <inheritdoc cref="HonuNamespace.Get(ReadOnlySpan{byte}, VersionId)"/>
    public byte[]? Get(ReadOnlySpan<byte> key, VersionId id) => _default.Get(key, id);

    /// <inheritdoc cref="HonuNamespace.Get(ReadOnlySpan{byte}, VersionId, out ObjectVersion)"/>
    public byte[]? Get(ReadOnlySpan<byte> key, VersionId id, out ObjectVersion version) => _default.Get(key, id, out version);

    /// <inheritdoc cref="HonuNamespace.GetMany(IReadOnlyList{ReadOnlyMemory{byte}})"/>
    public IReadOnlyList<byte[]?> GetMany(IReadOnlyList<ReadOnlyMemory<byte>> keys) => _default.GetMany(keys);

    /// <inheritdoc cref="HonuNamespace.GetMany(IReadOnlyList{ReadOnlyMemory{byte}})"/>
    public IReadOnlyList<byte[]?> GetMany(IReadOnlyList<byte[]> keys) => _default.GetMany(keys);

    /// <inheritdoc cref="HonuNamespace.Count"/>
    public long Count(ScanOptions? options = null) => _default.Count(options);

    /// <inheritdoc cref="HonuNamespace.GetApproximateSize"/>
    public long GetApproximateSize(ScanOptions? options = null) => _default.GetApproximateSize(options);

    /// <inheritdoc cref="HonuNamespace.Scan"/>
    public ScanEnumerable Scan(ScanOptions? options = null) => _default.Scan(options);

    /// <inheritdoc cref="HonuNamespace.History"/>
    public IReadOnlyList<HistoryEntry> History(ReadOnlySpan<byte> key) => _default.History(key);
}

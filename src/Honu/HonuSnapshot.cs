using System.Buffers;
using Honu.Engines;
using Honu.Writing;

namespace Honu;

/// <summary>A consistent, read-only view of a store. Thread-safe. Dispose it: an old snapshot keeps old data alive.</summary>
public sealed class HonuSnapshot : IDisposable
{
    private readonly StoreCore _core;
    private readonly EngineSnapshot _snapshot;
    private readonly Dictionary<string, NamespaceState> _namespaces;
    private readonly HonuNamespace _default;
    private volatile bool _disposed;

    internal HonuSnapshot(StoreCore core)
    {
        _core = core;
        core.ThrowIfDisposed();
        _snapshot = core.Engine.CreateSnapshot();
        _namespaces = core.Namespaces.All.ToDictionary(static state => state.Name, StringComparer.Ordinal);
        Namespaces = HonuStore.InOrder(_namespaces.Keys);
        _default = Open(HonuStore.DefaultNamespace);
    }

    /// <summary>The namespaces there were, in the order of their UTF-8 bytes.</summary>
    public IReadOnlyList<string> Namespaces { get; }

    /// <summary>Reads of another namespace in this view; its writing members throw <see cref="InvalidOperationException"/>.</summary>
    public HonuNamespace Namespace(string name)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        StoreLimits.CheckNamespace(name);
        return Open(name);
    }

    /// <inheritdoc cref="HonuNamespace.TryGet(ReadOnlySpan{byte}, IBufferWriter{byte})"/>
    public bool TryGet(ReadOnlySpan<byte> key, IBufferWriter<byte> destination) => Default.TryGet(key, destination);

    /// <inheritdoc cref="HonuNamespace.Get(ReadOnlySpan{byte})"/>
    public byte[]? Get(ReadOnlySpan<byte> key) => Default.Get(key);

    /// <inheritdoc cref="HonuNamespace.TryGetVersion"/>
    public bool TryGetVersion(ReadOnlySpan<byte> key, out ObjectVersion version) => Default.TryGetVersion(key, out version);

    /// <inheritdoc cref="HonuNamespace.Scan"/>
    public ScanEnumerable Scan(ScanOptions? options = null) => Default.Scan(options);

    /// <inheritdoc cref="HonuNamespace.History"/>
    public IReadOnlyList<HistoryEntry> History(ReadOnlySpan<byte> key) => Default.History(key);

    /// <inheritdoc cref="HonuNamespace.Get(ReadOnlySpan{byte}, VersionId)"/>
    public byte[]? Get(ReadOnlySpan<byte> key, VersionId id) => Default.Get(key, id);

    /// <inheritdoc cref="HonuNamespace.GetMany(IReadOnlyList{ReadOnlyMemory{byte}})"/>
    public IReadOnlyList<byte[]?> GetMany(IReadOnlyList<ReadOnlyMemory<byte>> keys) => Default.GetMany(keys);

    /// <inheritdoc cref="HonuNamespace.GetMany(IReadOnlyList{ReadOnlyMemory{byte}})"/>
    public IReadOnlyList<byte[]?> GetMany(IReadOnlyList<byte[]> keys) => Default.GetMany(keys);

    /// <inheritdoc cref="HonuNamespace.Count"/>
    public long Count(ScanOptions? options = null) => Default.Count(options);

    /// <summary>Lets go of the view. Calling it again does nothing.</summary>
    public void Dispose()
    {
        _disposed = true;
        _snapshot.Dispose();
    }

    private HonuNamespace Open(string name) => new(_core, name, _snapshot, _namespaces.GetValueOrDefault(name));

    private HonuNamespace Default
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _default;
        }
    }
}

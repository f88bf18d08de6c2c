using System.Buffers;
using Honu.Engines;
using Honu.Writing;

namespace Honu;

/// <summary>A consistent, read-only view of a store. Thread-safe. Dispose it: an old snapshot keeps old data alive.</summary>
public sealed class HonuSnapshot : IDisposable
{
    private readonly StoreCore _core;
    private readonly EngineSnapshot _snapshot;
    private readonly HonuNamespace _default;
    private volatile bool _disposed;

    internal HonuSnapshot(StoreCore core)
    {
        _core = core;
        _snapshot = core.Engine.CreateSnapshot();
        Namespaces = HonuStore.NamesOf(core);
        _default = new HonuNamespace(core, HonuStore.DefaultNamespace, _snapshot);
    }

    /// <summary>The namespaces there were, in the order of their UTF-8 bytes.</summary>
    public IReadOnlyList<string> Namespaces { get; }

    /// <summary>Reads of another namespace in this view; its writing members throw <see cref="InvalidOperationException"/>.</summary>
    public HonuNamespace Namespace(string name)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        StoreLimits.CheckNamespace(name);
        return new HonuNamespace(_core, name, _snapshot);
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

    /// <summary>Lets go of the view. Calling it again does nothing.</summary>
    public void Dispose()
    {
        _disposed = true;
        _snapshot.Dispose();
    }

    private HonuNamespace Default
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _default;
        }
    }
}

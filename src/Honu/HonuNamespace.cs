using Honu.Engines;
using Honu.Writing;

namespace Honu;

/// <summary>One namespace of an open store: keys in different namespaces never meet, and each is replicated on its own.</summary>
/// <remarks>Thread-safe and light: make one whenever it is needed. Becomes useless when its store is disposed.</remarks>
public sealed partial class HonuNamespace
{
    private readonly StoreCore _core;
    private readonly EngineSnapshot? _snapshot;
    private NamespaceState? _state;

    internal HonuNamespace(StoreCore core, string name)
    {
        _core = core;
        Name = name;
    }

    /// <summary>A view of a namespace in a snapshot; <paramref name="state"/> is <see langword="null"/> when there was none of that name.</summary>
    internal HonuNamespace(StoreCore core, string name, EngineSnapshot snapshot, NamespaceState? state)
        : this(core, name)
    {
        _snapshot = snapshot;
        _state = state;
    }

    /// <summary>The namespace's name.</summary>
    public string Name { get; }

    /// <summary>How much of an object's past is kept. Changed by <see cref="SetRetention"/>.</summary>
    public Retention Retention => State?.Retention.Retention ?? _core.Options.Retention;

    // Found anew at each call until the namespace exists: its first object may come at any time, also from a peer. One that was dropped
    // may exist again, under another id; a snapshot goes on showing the one there was.
    private NamespaceState? State
    {
        get
        {
            _core.ThrowIfDisposed();
            if (_snapshot is not null || _state is { IsDropped: false })
                return _state;
            return _state = _core.Namespaces.Find(Name);
        }
    }
}

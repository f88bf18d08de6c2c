using Honu.Engines;
using Honu.Writing;

namespace Honu;

/// <summary>One namespace of an open store: keys in different namespaces never meet, and each is replicated on its own.</summary>
/// <remarks>Thread-safe and light: make one whenever it is needed. Becomes useless when its store is disposed.</remarks>
public sealed partial class HonuNamespace
{
    private readonly StoreCore _core;
    private readonly EngineSnapshot? _snapshot;

    internal HonuNamespace(StoreCore core, string name, EngineSnapshot? snapshot)
    {
        _core = core;
        Name = name;
        _snapshot = snapshot;
    }

    /// <summary>The namespace's name.</summary>
    public string Name { get; }

    /// <summary>How much of an object's past is kept. Changed by <see cref="SetRetention"/>.</summary>
    public Retention Retention => State?.Retention.Retention ?? _core.Options.Retention;

    // Found anew at each call until the namespace exists: its first object may come at any time, also from a peer.
    private NamespaceState? State
    {
        get
        {
            _core.ThrowIfDisposed();
            return field ??= _core.Namespaces.Find(Name);
        }
    }
}

using Honu.Watching;

namespace Honu;

public sealed partial class HonuNamespace
{
    /// <summary>Delivers changes of this namespace after they have been committed: local writes and replicated ones. The namespace need not exist yet.</summary>
    /// <exception cref="InvalidOperationException">This is a view of a snapshot, which never changes.</exception>
    /// <inheritdoc cref="HonuStore.WatchAsync"/>
    public IAsyncEnumerable<HonuChange> WatchAsync(WatchOptions? options = null, CancellationToken cancellationToken = default)
    {
        ThrowIfSnapshot();
        options ??= new WatchOptions();
        if (options.Namespaces is not null)
            throw new ArgumentException($"Namespaces is set, and this is a watch of \"{Name}\" alone. Use HonuStore.WatchAsync for several.", nameof(options));
        return WatchEnumeration.Create(_core, options with { Namespaces = [Name] }, cancellationToken);
    }

    /// <summary>A token for this moment, for a watch of this namespace.</summary>
    /// <exception cref="InvalidOperationException">This is a view of a snapshot.</exception>
    /// <inheritdoc cref="HonuStore.GetWatchToken"/>
    public WatchToken GetWatchToken()
    {
        ThrowIfSnapshot();
        return WatchEnumeration.Now(_core, [Name]);
    }
}

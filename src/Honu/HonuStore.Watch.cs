using Honu.Watching;

namespace Honu;

public sealed partial class HonuStore
{
    /// <summary>Delivers changes of all namespaces, or of those that <see cref="WatchOptions.Namespaces"/> names, after they have been committed: local writes and replicated ones.</summary>
    /// <param name="options">Which changes, from where on, and how much is buffered; <see langword="null"/> for all from now on.</param>
    /// <param name="cancellationToken">Ends the watch with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>Changes for <c>await foreach</c>. "Now" is when the enumeration begins; each enumeration is a watch of its own, used by one reader at a time.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or the token is of another store or of other namespaces.</exception>
    /// <exception cref="ObjectDisposedException">The store is disposed, or was while somebody watched: what was not delivered comes again when the watch is resumed.</exception>
    /// <remarks>
    /// The changes of one commit come in its order, a batch of several namespaces included. At least once, and never missed: a resumed watch may
    /// deliver replicated changes again. A change is delivered when it is committed, which with <see cref="Durability.Flushed"/> is before it survives power loss.
    /// Writers never wait for a reader: when the buffer is full its content is dropped, counted in <c>honu.watch.dropped</c>, and the reader gets
    /// the latest version of each key that changed (<see cref="HonuChange.IsCatchUp"/>). While a watch catches up it keeps the view of the moment alive, as a snapshot does.
    /// </remarks>
    public IAsyncEnumerable<HonuChange> WatchAsync(WatchOptions? options = null, CancellationToken cancellationToken = default) =>
        WatchEnumeration.Create(_core, options ?? new WatchOptions(), cancellationToken);

    /// <summary>A token for this moment: take it, read the store, then watch from the token, and no change is missed between reading and watching.</summary>
    /// <remarks>Waits for the write in progress. Replicated records that no join of vectors vouches for yet may be delivered although they were there already.</remarks>
    /// <param name="namespaces">What the token will be used for; <see langword="null"/> for all namespaces.</param>
    /// <exception cref="ArgumentException">A namespace's name is out of its limits, or there is none.</exception>
    public WatchToken GetWatchToken(IReadOnlyCollection<string>? namespaces = null)
    {
        var options = new WatchOptions { Namespaces = namespaces };
        WatchOptions.ThrowIfInvalid(options);
        return WatchEnumeration.Now(_core, WatchFilter.Of(options).Namespaces);
    }
}

using System.Runtime.CompilerServices;
using Honu.Writing;

namespace Honu.Watching;

/// <summary>Runs one watch in the reader's own awaits: what the store holds first, where that is asked for, then what the buffer holds, and the store again when the buffer was full.</summary>
internal static class WatchEnumeration
{
    /// <summary>Checks the options at once, so that a mistake shows where it was made; begins with the first step of the enumeration.</summary>
    public static IAsyncEnumerable<HonuChange> Create(StoreCore core, WatchOptions options, CancellationToken cancellationToken)
    {
        core.ThrowIfDisposed();
        WatchOptions.ThrowIfInvalid(options);
        var filter = WatchFilter.Of(options);
        if (options.Token is { } token)
            ThrowIfForeign(token, core.Identity, filter);
        return Run(core, options, filter, cancellationToken);
    }

    /// <summary>A token for this moment.</summary>
    public static WatchToken Now(StoreCore core, string[]? namespaces) => core.Exclusively((core, namespaces), static args =>
    {
        args.core.ThrowIfDisposed();
        return new WatchToken(args.core.Identity.StoreId, args.core.Changes.Now(), args.namespaces);
    });

    private static void ThrowIfForeign(WatchToken token, StoreIdentity identity, WatchFilter filter)
    {
        if (token.StoreId != identity.StoreId)
            throw new ArgumentException($"The watch token belongs to another store ({token.StoreId}); this one is {identity.StoreId}. Versions seen there say nothing of what was seen here: watch from the start, or from a token of this store.", nameof(token));
        if (token.Namespaces is null)
            return;
        if (filter.Namespaces is null)
            throw new ArgumentException($"The watch token speaks of {string.Join(", ", token.Namespaces)} only, and all namespaces were asked for. Watch those, or watch the others from the start.", nameof(token));
        if (Array.Find(filter.Namespaces, name => Array.BinarySearch(token.Namespaces, name, StringComparer.Ordinal) < 0) is { } missing)
            throw new ArgumentException($"The watch token speaks of {string.Join(", ", token.Namespaces)} only, and \"{missing}\" was asked for. Watch those, or watch \"{missing}\" from the start.", nameof(token));
    }

    private static async IAsyncEnumerable<HonuChange> Run(StoreCore core, WatchOptions options, WatchFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var watcher = new Watcher(filter, options);
        try
        {
            var isBehind = options.FromStart || options.Token is not null;
            var position = options.FromStart ? CatchUp.Nothing(core.Identity)
                : options.Token?.Position ?? core.Exclusively((core, watcher), static args => args.core.Changes.Attach(args.watcher));
            var page = new List<HonuChange>();
            var startsOver = false;
            while (true)
            {
                if (isBehind)
                {
                    using var catchUp = CatchUp.Begin(core, watcher, position);
                    startsOver |= catchUp.StartsOver;
                    bool more;
                    do
                    {
                        more = catchUp.ReadPage(page, cancellationToken);
                        foreach (var change in page)
                        {
                            cancellationToken.ThrowIfCancellationRequested();
                            yield return change with { StartsOver = startsOver };
                            startsOver = false;
                        }
                    }
                    while (more);
                    position = catchUp.End;
                    isBehind = false;
                }

                if (options.EndWhenCaughtUp)
                    yield break;
                while (!isBehind)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    switch (watcher.TryTake(out var change, out var after))
                    {
                        case TakeResult.Taken:
                            position = after!;
                            yield return ToChange(core, options, filter, change!, position) with { StartsOver = startsOver };
                            startsOver = false;
                            break;
                        case TakeResult.Empty:
                            await watcher.WhenNotEmpty().WaitAsync(cancellationToken).ConfigureAwait(false);
                            break;
                        case TakeResult.Dropped:
                            isBehind = true;
                            break;
                        default:
                            throw new ObjectDisposedException(nameof(HonuStore));
                    }
                }
            }
        }
        finally
        {
            core.Changes.Detach(watcher);
        }
    }

    private static HonuChange ToChange(StoreCore core, WatchOptions options, WatchFilter filter, PublishedChange change, WatchPosition position) => new()
    {
        Namespace = change.Namespace,
        Key = change.Key,
        Value = options.IncludeValues ? change.Value : ReadOnlyMemory<byte>.Empty,
        Version = change.Version,
        IsLocal = change.IsLocal,
        Token = new WatchToken(core.Identity.StoreId, position, filter.Namespaces),
    };
}

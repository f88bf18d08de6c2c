using Google.Protobuf;
using Grpc.Core;
using Honu.Hosting.Protocol.Stores;

namespace Honu.Hosting.Services;

/// <summary>The call that streams changes. A client that does not read holds up its own call, whose watch then skips to the latest versions; nobody else waits.</summary>
internal sealed partial class StoreService
{
    private int _watches;

    public override Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context) => Stream(context, async token =>
    {
        var watch = RequestChecks.Watch(request);
        if (Interlocked.Increment(ref _watches) > options.MaxConcurrentWatches)
        {
            Interlocked.Decrement(ref _watches);
            throw ServiceErrors.Exhausted($"{options.MaxConcurrentWatches} watches run already, as many as this server allows. Try again when one has ended.");
        }

        try
        {
            // A watch does not end by itself, so a stopping server ends it at once instead of waiting for it.
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(token, gate.Stopping);
            await SendChanges(watch, request.Limit == 0 ? long.MaxValue : (long)request.Limit, responseStream, linked.Token).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _watches);
        }
    });

    private async Task SendChanges(WatchOptions watch, long limit, IServerStreamWriter<WatchResponse> responseStream, CancellationToken cancellationToken)
    {
        // Taken before the watch begins, so that nothing lies between the two.
        var token = watch.Token ?? (watch.FromStart ? null : store.GetWatchToken(watch.Namespaces));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changes = store.WatchAsync(watch, ended.Token).GetAsyncEnumerator(CancellationToken.None);
        var next = changes.MoveNextAsync().AsTask();
        try
        {
            await responseStream.WriteAsync(new WatchResponse { Token = token?.ToString() ?? "" }, cancellationToken).ConfigureAwait(false);
            var message = new WatchResponse();
            var bytes = 0;
            while (true)
            {
                // What is there goes together; nothing waits for company.
                if (message.Changes.Count > 0 && (!next.IsCompleted || bytes >= PageBytes || message.Changes.Count >= PageObjects || limit == 0))
                {
                    message.Token = token!.ToString();
                    await responseStream.WriteAsync(message, cancellationToken).ConfigureAwait(false);
                    message = new WatchResponse();
                    bytes = 0;
                }

                if (limit == 0 || !await next.ConfigureAwait(false))
                    break;
                var change = changes.Current;
                message.Changes.Add(ToWire(change));
                bytes += change.Key.Length + change.Value.Length;
                token = change.Token;
                limit--;
                if (limit > 0)
                    next = changes.MoveNextAsync().AsTask();
            }

            if (message.Changes.Count > 0)
            {
                message.Token = token!.ToString();
                await responseStream.WriteAsync(message, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            // An enumerator must not be disposed in the middle of a step; how the step ends was told above, or matters no more.
            await ended.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await changes.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static Change ToWire(HonuChange change) => new()
    {
        Object = ProtocolMapping.ToWire(change.Namespace, UnsafeByteOperations.UnsafeWrap(change.Key), UnsafeByteOperations.UnsafeWrap(change.Value), change.Version),
        Local = change.IsLocal,
        CatchUp = change.IsCatchUp,
        StartsOver = change.StartsOver,
    };
}

using System.Runtime.CompilerServices;
using Honu.Hosting.Protocol.Stores;
using Honu.Hosting.Services;

namespace Honu.Hosting;

/// <summary>The call that watches.</summary>
public sealed partial class StoreClient
{
    /// <summary>Streams changes of the server's store after they have been committed there: local writes and replicated ones, at least once and never missed.</summary>
    /// <param name="watch">Which ones; <see langword="null"/> for all from now on.</param>
    /// <param name="started">Told once the watch has begun, with the token of that moment (empty with <see cref="StoreWatch.FromStart"/>): writes from here on are seen.</param>
    /// <param name="cancellationToken">Ends the watch, here and at the server.</param>
    /// <exception cref="StoreClientException">The server refused, or the link broke: watch again with the last token.</exception>
    /// <remarks>A reader that is slow keeps nobody waiting: when its buffers are full, the server goes on with the latest version of each key that changed.</remarks>
    public async IAsyncEnumerable<StoreChange> WatchAsync(
        StoreWatch? watch = null, Action<string>? started = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        watch ??= new StoreWatch();
        if (watch.Limit is <= 0)
            yield break;
        var request = new WatchRequest
        {
            Prefix = Wrap(watch.Prefix),
            Token = watch.Token ?? "",
            FromStart = watch.FromStart,
            KeysOnly = watch.KeysOnly,
            EndWhenCaughtUp = watch.EndWhenCaughtUp,
            Limit = (ulong)(watch.Limit ?? 0),
        };
        request.Namespaces.Add(watch.Namespaces ?? []);
        using var call = _server.Store.Watch(request, ServerConnection.WithoutDeadline(cancellationToken));
        while (await Next(call.ResponseStream, cancellationToken).ConfigureAwait(false) is { } message)
        {
            started?.Invoke(message.Token);
            started = null;
            for (var i = 0; i < message.Changes.Count; i++)
            {
                var change = message.Changes[i];
                var token = i == message.Changes.Count - 1 ? message.Token : null;
                yield return new StoreChange(ProtocolMapping.FromWire(change.Object), change.Local, change.CatchUp, change.StartsOver, token);
            }
        }
    }
}

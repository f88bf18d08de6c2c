using System.Text;
using Honu.TestKit;

namespace Honu.Hosting.Tests;

/// <summary>Waits for what other replicas do.</summary>
internal static class Wait
{
    /// <summary>Ends when a store has the next change of a key, counted from this call on.</summary>
    public static Task ForChange(HonuStore store, string key)
    {
        // Enumerated from here on: what is committed later is not missed.
        var changes = store.WatchAsync().GetAsyncEnumerator();
        return Follow(changes.MoveNextAsync());

        async Task Follow(ValueTask<bool> next)
        {
            try
            {
                while (await Guard.Within(next.AsTask()) && !changes.Current.Key.Span.SequenceEqual(Encoding.UTF8.GetBytes(key)))
                    next = changes.MoveNextAsync();
            }
            finally
            {
                await changes.DisposeAsync();
            }
        }
    }

    /// <summary>Waits for what no event tells: asks again until it is so.</summary>
    public static async Task Until(Func<Task<bool>> isSo, string what)
    {
        using var patience = new CancellationTokenSource(Guard.DefaultTimeout);
        while (!await isSo())
        {
            if (patience.IsCancellationRequested)
                Assert.Fail($"It has not come to be: {what}");
        }
    }
}

using System.Text;
using Honu.TestKit;

namespace Honu.Tests.Watching;

/// <summary>One enumeration of changes, read step by step. The watch has begun when the constructor returns.</summary>
internal sealed class WatchReader : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly IAsyncEnumerator<HonuChange> _changes;
    private Task<bool>? _next;

    public WatchReader(HonuStore store, WatchOptions? options = null)
        : this(store.WatchAsync(options))
    {
    }

    public WatchReader(IAsyncEnumerable<HonuChange> changes)
    {
        _changes = changes.GetAsyncEnumerator(_end.Token);
        _next = _changes.MoveNextAsync().AsTask();
    }

    /// <summary>The next change; fails when none comes.</summary>
    public async Task<HonuChange> Next()
    {
        Assert.True(await Guard.Within(Step()), "the watch ended");
        _next = null;
        return _changes.Current;
    }

    /// <summary>The next changes as <c>namespace/key=value</c>, a deletion with <c>-</c>.</summary>
    public async Task<string[]> Next(int count)
    {
        var texts = new string[count];
        for (var i = 0; i < count; i++)
            texts[i] = Text(await Next());
        return texts;
    }

    /// <summary>The next change, if it is there already.</summary>
    public bool TryNext(out HonuChange? change)
    {
        change = null;
        if (!Step().IsCompletedSuccessfully || !Step().Result)
            return false;
        _next = null;
        change = _changes.Current;
        return true;
    }

    /// <summary>What is left until the watch ends by itself.</summary>
    public async Task<List<HonuChange>> ToEnd()
    {
        var all = new List<HonuChange>();
        while (await Guard.Within(Step()))
        {
            _next = null;
            all.Add(_changes.Current);
        }

        return all;
    }

    /// <summary>How the pending step ends.</summary>
    public Task<bool> Step() => _next ??= _changes.MoveNextAsync().AsTask();

    public Task Cancel() => _end.CancelAsync();

    public static string Text(HonuChange change) =>
        $"{change.Namespace}/{Encoding.UTF8.GetString(change.Key.Span)}" + (change.Version.IsDeleted ? "-" : $"={Encoding.UTF8.GetString(change.Value.Span)}");

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (_next is not null)
            await Guard.Within(_next.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
        await Guard.Within(_changes.DisposeAsync());
        _end.Dispose();
    }
}

using Honu.Engines;
using Honu.Format;

namespace Honu.Lookup;

/// <summary>Knows which keys surely have no record, so that a first put and a read of a missing key need not ask the engine.</summary>
/// <remarks>
/// The filter is built from the index, which names every current record: at open, unless the last clean close left it in a file, and
/// again when the store has outgrown it. A build reads a snapshot in a thread of its own; what is added meanwhile waits beside it.
/// Until a build has ended, every key may exist: a wrong "absent" would be a lost object. <see cref="Add"/> and <see cref="Begin"/> are for the committing thread.
/// </remarks>
internal sealed class KeyPresence(IStorageEngine engine, KeyHash hash, int bitsPerKey) : IDisposable
{
    private const long FirstCapacity = 4096;

    // Hashes of this many keys are kept while they are counted; a larger store is read twice.
    private const int MaxKeptHashes = 4 << 20;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile PresenceFilter? _filter;
    private volatile bool _isBuilding;
    private List<ulong>? _added;
    private Thread? _builder;
    private bool _hasFailed;
    private bool _wasBegun;

    /// <summary>Whether the filter answers.</summary>
    public bool IsReady => _filter is not null;

    /// <summary>Memory of the filter in bytes.</summary>
    public long Bytes => (long)(_filter?.Words.Length ?? 0) * sizeof(uint);

    /// <summary>The filter as it stands when no build is under way: what a clean close keeps.</summary>
    public PresenceFilter? Settled => _isBuilding ? null : _filter;

    /// <summary>Whether a key may have a record. Called from any thread.</summary>
    public bool MayExist(ulong keyHash) => _filter is not { } filter || filter.MayContain(keyHash);

    /// <summary>Takes over the filter of the last clean close, or an empty one for an empty store.</summary>
    public void Start(PresenceFilter filter) => _filter = filter;

    /// <summary>Takes an empty filter.</summary>
    public void StartEmpty() => _filter = new PresenceFilter(FirstCapacity, bitsPerKey);

    /// <summary>Adds a key that gets its first record. Before the engine write: a reader must not miss what is there.</summary>
    public void Add(ulong keyHash)
    {
        if (_isBuilding)
        {
            lock (_gate)
            {
                _filter?.Add(keyHash);
                _added?.Add(keyHash);
            }

            return;
        }

        _filter?.Add(keyHash);
    }

    /// <summary>Whether the store has outgrown the filter.</summary>
    public bool IsOutgrown => _filter is { } filter && filter.Count > filter.Capacity && !_isBuilding && !_hasFailed;

    /// <summary>Begins to build the filter anew from the index as it is now. Only while nothing is staged: a key that was added but not written yet would be in neither.</summary>
    public void Begin()
    {
        if (_isBuilding || _hasFailed)
            return;
        _wasBegun = true;
        var snapshot = engine.CreateSnapshot();
        _added = [];
        var builder = new Thread(() => Build(snapshot)) { IsBackground = true, Name = "honu presence filter" };
        _isBuilding = true;
        try
        {
            builder.Start();
            _builder = builder;
        }
        catch (Exception error) when (error is OutOfMemoryException or ThreadStartException)
        {
            // No thread to be had: every key may exist, which is slow but true.
            snapshot.Dispose();
            _hasFailed = true;
            _added = null;
            _isBuilding = false;
        }
    }

    /// <summary>After the engine was opened again: what a build has missed because of the failure is made up for.</summary>
    public void Restart()
    {
        // One that is under way reads a snapshot that has ended.
        _builder?.Join();
        _hasFailed = false;
        if (_wasBegun && (!IsReady || IsOutgrown))
            Begin();
    }

    /// <summary>Gives up a build that is under way.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _builder?.Join();
        _stop.Dispose();
    }

    private void Build(EngineSnapshot snapshot)
    {
        PresenceFilter? built = null;
        try
        {
            using (snapshot)
                built = Read(snapshot);
        }
        catch (Exception)
        {
            // Whatever it is, also too little memory, it must not end the process from this thread. A damaged index is reported to whoever reads it. Without a filter every key may exist, which is slow but true.
        }

        lock (_gate)
        {
            if (built is null)
                _hasFailed = true;
            else
                Publish(built);
            _added = null;
            _isBuilding = false;
        }
    }

    private void Publish(PresenceFilter built)
    {
        foreach (var keyHash in _added!)
            built.Add(keyHash);
        _filter = built;
    }

    private PresenceFilter Read(EngineSnapshot snapshot)
    {
        var kept = new List<ulong>();
        var count = ForEachKey(snapshot, keyHash =>
        {
            if (kept.Count < MaxKeptHashes)
                kept.Add(keyHash);
        });
        var filter = new PresenceFilter(Math.Max(FirstCapacity, count < MaxKeptHashes / 4 ? count * 4 : count * 2), bitsPerKey);
        if (count > kept.Count)
            ForEachKey(snapshot, filter.Add);
        else
            kept.ForEach(filter.Add);
        return filter;
    }

    private long ForEachKey(EngineSnapshot snapshot, Action<ulong> visit)
    {
        long count = 0;
        using var index = engine.CreateIterator(snapshot, verify: true);
        for (index.Seek([KeySpaces.Index]); index.IsValid && index.Key[0] == KeySpaces.Index; index.Next())
        {
            _stop.Token.ThrowIfCancellationRequested();
            var ns = KeySpaces.ReadNamespace(index.Key);
            visit(hash.Of(ns, IndexEntry.ReadKey(index.Key, index.Value)));
            count++;
        }

        index.ThrowIfFailed();
        return count;
    }
}

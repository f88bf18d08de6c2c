using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Digests;

/// <summary>Keeps the digests of a store vouched for: from the rows of a clean close, else from a scan in the background, which is repeated now and then.</summary>
/// <remarks>
/// The repetition is what finds a record that the disk has lost: the changes that the writes add up to know nothing of it. Scans never wait
/// for the commit queue, so whoever holds the queue may wait for them.
/// </remarks>
internal sealed class StoreDigests(StoreCore core) : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource _stop = new();
    private Thread? _scanner;
    private long _scans;
    private DateTimeOffset _scannedAt;
    private long _mismatches;
    private volatile bool _isClosed;

    /// <summary>Raised when a scan finds other records than the store has written, in a thread of the pool or in that of the caller who asked for the scan.</summary>
    public event EventHandler<DigestMismatchEventArgs>? MismatchFound;

    /// <summary>How often that has happened since the store was opened.</summary>
    public long Mismatches => Interlocked.Read(ref _mismatches);

    /// <summary>Whether a repetition is due.</summary>
    public bool HasWork
    {
        get
        {
            var interval = core.Options.ScrubInterval;
            if (interval == Timeout.InfiniteTimeSpan || _scanner is { IsAlive: true })
                return false;
            lock (_gate)
                return core.Options.Environment.Time.GetUtcNow() - _scannedAt >= interval;
        }
    }

    // Where everything happens in the caller's thread, as in a simulation, so do scans.
    private bool IsInline => core.Options.MaintenanceInterval == Timeout.InfiniteTimeSpan && !(core.Options.Engine ?? LevelDbEngine.Factory).UsesDirectory;

    /// <summary>Takes over the rows of a clean close, and adds their removal to the batch. Before the store is used.</summary>
    /// <param name="isClean">Whether the last close was clean: other rows vouch for nothing.</param>
    public void Load(bool isClean)
    {
        _scannedAt = core.Options.Environment.Time.GetUtcNow();
        var clock = MetaRecords.GetScalar(core.Engine, MetaRecords.Clock);
        using var rows = core.Engine.CreateIterator(verify: true);
        for (rows.Seek([KeySpaces.Digest]); rows.IsValid && rows.Key[0] == KeySpaces.Digest; rows.Next())
        {
            if (!core.Options.ReadOnly)
                core.Batch.Delete(rows.Key);
            if (!isClean || !Care.EntryCheck.TryOpen(rows.Key, rows.Value, out var payload) || !DigestCheckpoint.TryDecode(payload, out var checkpoint) || checkpoint.Clock != clock)
                continue;
            var ns = rows.Key.Length == KeySpaces.NamespacePrefixBytes ? KeySpaces.ReadNamespace(rows.Key) : -1;
            if (core.Namespaces.All.FirstOrDefault(state => state.Id == ns) is not { } state)
                continue;
            state.Digest.Publish(checkpoint.Digest, changes: default, scan: 0, out _);
            if (checkpoint.ScannedAt < _scannedAt)
                _scannedAt = checkpoint.ScannedAt;
        }

        rows.ThrowIfFailed();
    }

    /// <summary>Adds the rows of a clean close to the batch.</summary>
    public void StageCheckpoints()
    {
        foreach (var state in core.Namespaces.All)
        {
            if (state.Digest.TryGet(out var digest))
                new DigestCheckpoint(digest, core.Clock.Last, _scannedAt).Stage(core.Batch, state.Id);
        }
    }

    /// <summary>Begins a scan unless every digest is known. For the committing thread, while nothing is staged.</summary>
    public void BeginIfNeeded()
    {
        if (!core.Namespaces.All.All(static state => state.Digest.TryGet(out _)))
            Begin();
    }

    /// <summary>Begins a scan in the background, unless one is under way. For the committing thread, while nothing is staged.</summary>
    /// <returns>Always <see langword="false"/>: there is no next step.</returns>
    public bool Begin()
    {
        if (_isClosed || _scanner is { IsAlive: true })
            return false;
        var scan = Prepare();
        if (IsInline)
        {
            RunInBackground(scan);
            return false;
        }

        var scanner = new Thread(() => RunInBackground(scan)) { IsBackground = true, Name = "honu digest scan" };
        try
        {
            scanner.Start();
            _scanner = scanner;
        }
        catch (Exception error) when (error is OutOfMemoryException or ThreadStartException)
        {
            // No thread to be had: the digests stay as they are, known or not, and the next interval tries again.
            scan.Dispose();
        }

        return false;
    }

    /// <summary>Scans in the caller's thread.</summary>
    /// <returns>What was not as it had been kept; it was told to <see cref="MismatchFound"/> as well.</returns>
    public List<DigestMismatchEventArgs> Scan(CancellationToken cancellationToken)
    {
        using var scan = core.Exclusively((core, digests: this), static args =>
        {
            args.core.ThrowIfDisposed();
            if (!args.core.Options.ReadOnly)
                args.core.ThrowIfUnusable();
            return args.digests.Prepare();
        });
        var mismatches = scan.Run(cancellationToken);
        Tell(mismatches);
        return mismatches;
    }

    /// <summary>Ends a scan that is under way, so that the engine may be opened again; what it has not reached stays unknown.</summary>
    public void Interrupt()
    {
        _stop.Cancel();
        if (_scanner != Thread.CurrentThread)
            _scanner?.Join();
        _stop.Dispose();
        _stop = new CancellationTokenSource();
    }

    /// <summary>After the engine was opened again: whether the batch that failed is on disk, nobody knows.</summary>
    public void Restart()
    {
        foreach (var state in core.Namespaces.All)
            state.Digest.Forget(_scans + 1);
        Begin();
    }

    public void Dispose()
    {
        _isClosed = true;
        Interrupt();
        _stop.Dispose();
    }

    /// <summary>Compares every digest with the records, with nobody writing: for tests, after whatever they have done.</summary>
    /// <returns>A sentence; <see langword="null"/> when each is known and true.</returns>
    public string? FindFault() => core.Exclusively(core, static core =>
    {
        foreach (var state in core.Namespaces.All)
        {
            using var snapshot = core.Engine.CreateSnapshot();
            var found = DigestScan.Sum(core.Engine, snapshot, state.Id, CancellationToken.None);
            if (!state.Digest.TryGet(out var kept))
                return $"the digest of {state.Name} is not known";
            if (kept != found)
                return $"the digest of {state.Name} says {kept}, its records {found}";
        }

        return null;
    });

    private DigestScan Prepare()
    {
        lock (_gate)
            _scannedAt = core.Options.Environment.Time.GetUtcNow();
        return new DigestScan(core, ++_scans);
    }

    private void RunInBackground(DigestScan scan)
    {
        try
        {
            using (scan)
                Tell(scan.Run(_stop.Token));
        }
        catch (Exception)
        {
            // Whatever it is, it must not end the process from this thread. A digest that was not reached stays as it was, and the next interval tries again.
        }
    }

    private void Tell(List<DigestMismatchEventArgs> mismatches)
    {
        foreach (var mismatch in mismatches)
        {
            Interlocked.Increment(ref _mismatches);
            if (MismatchFound is not { } handlers)
                continue;

            // A listener may want the commit queue, whose holder may wait for the scanner.
            if (Thread.CurrentThread == _scanner)
                ThreadPool.UnsafeQueueUserWorkItem(told => handlers(this, told), mismatch, preferLocal: false);
            else
                handlers(this, mismatch);
        }
    }
}

using Honu.Format;
using Honu.Writing;

namespace Honu;

public sealed partial class ReplicationPort
{
    /// <summary>Raised when a scan finds other live records than the store has written (T13): in a thread of the pool, or within <see cref="ScanDigests"/>. From then on the digest is that of the records that are there.</summary>
    public event EventHandler<DigestMismatchEventArgs> DigestMismatchFound
    {
        add => _core.Digests.MismatchFound += value;
        remove => _core.Digests.MismatchFound -= value;
    }

    /// <summary>How often a scan has found that since the store was opened.</summary>
    public long DigestMismatches => _core.Digests.Mismatches;

    /// <summary>The digest of a namespace's live records as of the last commit (R13). Costs nothing: it is kept with every write.</summary>
    /// <param name="ns">The namespace; one that does not exist has the digest 0.</param>
    /// <param name="digest">The digest. Replicas with equal live records, apart from those that expire, have equal digests.</param>
    /// <returns><see langword="false"/> while nobody can vouch for it: a scan has not ended yet, the store is failed, or a record is damaged.</returns>
    public bool TryGetDigest(string ns, out UInt128 digest)
    {
        var known = _core.Exclusively((_core, ns), static args =>
            args._core.Namespaces.Find(args.ns) is { } state ? DigestOf(args._core, state) : IsUsable(args._core) ? UInt128.Zero : null);
        digest = known ?? default;
        return known is not null;
    }

    /// <summary>What other replicas are told of all namespaces that hold or held something, as of one moment.</summary>
    public IReadOnlyDictionary<string, NamespaceDescription> DescribeNamespaces() => _core.Exclusively(_core, static core =>
        core.Namespaces.All.Where(static state => !IsEmpty(state)).ToDictionary(
            static state => state.Name,
            state => new NamespaceDescription(Summarize(state), state.Vector.Clone(), DigestOf(core, state), state.BarrierVector is { } durable && durable.Equals(state.Vector)),
            StringComparer.Ordinal));

    /// <summary>Reads all current records now, in the calling thread, and compares them with what the store has written. Reads and writes go on meanwhile.</summary>
    /// <param name="cancellationToken">Ends it; namespaces that were read by then have their digests.</param>
    /// <returns>What was not as it had been kept. Damaged records are no part of it: their namespaces have no digest afterwards.</returns>
    public IReadOnlyList<DigestMismatchEventArgs> ScanDigests(CancellationToken cancellationToken = default) => _core.Digests.Scan(cancellationToken);

    /// <summary>A view of a namespace from which two replicas with equal summaries and other digests find out what differs. Reads all of it once.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="buckets">Into how many buckets to sort: a power of two from 1 to <see cref="RepairView.MaxBuckets"/>, as the other replica has; <see langword="null"/> to choose by the number of records.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public RepairView CreateRepairView(string ns, int? buckets = null, CancellationToken cancellationToken = default)
    {
        StoreLimits.CheckNamespace(ns);
        RepairView.CheckBuckets(buckets);
        var view = _core.Exclusively((_core, ns), static args =>
        {
            args._core.ThrowIfDisposed();
            if (!args._core.Options.ReadOnly)
                args._core.ThrowIfUnusable();
            var state = args._core.Namespaces.Find(args.ns);
            return new RepairView(args._core, args.ns, state, state is null ? [] : Summarize(state));
        });
        try
        {
            view.Count(buckets, cancellationToken);
            return view;
        }
        catch
        {
            // Whatever it was, an old snapshot keeps old data alive.
            view.Dispose();
            throw;
        }
    }

    /// <summary>Applies records that another replica holds and this one seems to have lost (R13), in one batch. Takes the union: nothing is ever deleted.</summary>
    /// <remarks>
    /// A record that the vector covers is applied where there is none, or where it follows or beats the one that is here; a damaged one of
    /// the same version is replaced. A record that the vector does not cover is applied as by <see cref="Apply"/>. Where current records
    /// were removed since <paramref name="view"/> was made, what is absent may be absent rightly, and stays so.
    /// </remarks>
    /// <param name="view">This replica's own view, from the repair that asked for the records.</param>
    /// <param name="block">Records as <see cref="RepairView.Read"/> adds them. Every byte is checked.</param>
    /// <param name="better">Receives the records that beat those of the block, also tombstones: the other replica lacks them. May be <see langword="null"/>.</param>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.MalformedRecord"/> or <see cref="HonuErrorCode.ClockDrift"/>, as by <see cref="Apply"/>.</exception>
    public ApplyResult ApplyRepair(RepairView view, ReadOnlySpan<byte> block, RecordBlockWriter? better = null)
    {
        ArgumentNullException.ThrowIfNull(view);
        StoreOpener.ThrowIfReadOnly(_core);
        ApplyResult result;
        byte[][] conflicted;
        _core.Queue.LeadAlone();
        try
        {
            _core.ThrowIfUnusable();
            result = _core.Applier.Repair(view, block, better);
            conflicted = _core.Conflicts.TakeTouched();
        }
        finally
        {
            _core.Abandon();
            _core.Queue.Leave();
        }

        _core.Settler.Settle(view.Namespace, conflicted);
        return result;
    }

    /// <summary>What is wrong with the digests, for tests and for the simulation's checkers; <see langword="null"/> when each is known and true.</summary>
    internal string? FindDigestFault() => _core.Digests.FindFault();

    private static UInt128? DigestOf(StoreCore core, NamespaceState state) => IsUsable(core) && state.Digest.TryGet(out var digest) ? digest.Sum : null;

    // After a failed write, what is on disk is not what the commits have added up to. A store opened for reading counts as failed to its writers only.
    private static bool IsUsable(StoreCore core) => core.Options.ReadOnly || !core.HasFailed;
}

using System.Buffers;
using Honu.Consistency;

namespace Honu;

// Reads and writes that may have to wait for other replicas, and the tokens that say for what.
public sealed partial class HonuNamespace
{
    /// <summary>A token for one version that was read or written here: whoever waits for it elsewhere sees that version, or a later one of the object, and everything that its writer wrote before.</summary>
    /// <param name="version">The version, also one that came by a stream that is not finished; none gives a token that asks for nothing.</param>
    public CausalToken GetToken(VersionId version)
    {
        _core.ThrowIfDisposed();
        return CausalToken.Of(_core.Identity.Cluster, Name, version);
    }

    /// <summary>A token for everything in the namespace that a read could have seen up to now: for scans and histories, and for objects that were found missing.</summary>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.TokenTooLarge"/>: more than some hundred replicas have written here.</exception>
    /// <remarks>Waits for the write in progress. Records that came by streams that are not finished are counted through.</remarks>
    public CausalToken GetToken()
    {
        ThrowIfSnapshot();
        return StoreToken.Take(_core, [Name]);
    }

    /// <summary>Up to which moment, by the writers' clocks, everything that any replica wrote in the namespace is here; <see langword="null"/> when that is not known, or nothing replicates the store.</summary>
    /// <remarks>Known only while somebody reads with <see cref="ReadOptions.MaxStaleness"/>: replicas tell each other no more than they are asked for.</remarks>
    public DateTimeOffset? CompleteUpTo
    {
        get
        {
            _core.ThrowIfDisposed();
            return _core.Waits.Driver?.CompleteUpTo(Name);
        }
    }

    /// <summary>Waits until this replica is as recent as asked for: then any read of the namespace, such as a scan, is.</summary>
    /// <exception cref="HonuException">
    /// <see cref="HonuErrorCode.WaitTimedOut"/>: not in time. <see cref="HonuErrorCode.ClusterMismatch"/>: the token is of another cluster.
    /// <see cref="HonuErrorCode.WriteLost"/>: it asks for a write that is gone. <see cref="HonuErrorCode.NotReplicating"/>: a bound of staleness without replication.
    /// </exception>
    /// <remarks>Completes at once when nothing is missing. A store that nothing replicates waits all the same: what is missing may be brought by hand.</remarks>
    public ValueTask WaitForAsync(ReadOptions options, CancellationToken cancellationToken = default)
    {
        ThrowIfSnapshot();
        _core.ThrowIfDisposed();
        var needed = options.AtLeast?.For(Name) ?? CausalToken.Empty;
        if (options.AtLeast is { IsEmpty: false } token && needed.IsEmpty)
            _core.Waits.ThrowIfForeign(token);
        var causal = _core.Waits.WaitAsync(needed, options.Timeout, cancellationToken);
        return options.MaxStaleness is { } maxStaleness ? BothAsync(causal, maxStaleness, options.Timeout, cancellationToken) : causal;
    }

    /// <summary>Reads the latest value of <paramref name="key"/> as soon as this replica is as recent as asked for.</summary>
    /// <inheritdoc cref="WaitForAsync"/>
    public async ValueTask<ReadResult> GetAsync(ReadOnlyMemory<byte> key, ReadOptions options = default, CancellationToken cancellationToken = default)
    {
        StoreLimits.CheckKey(key.Span);
        await WaitForAsync(options, cancellationToken).ConfigureAwait(false);
        var value = Get(key.Span, out var version);
        return new ReadResult(value, version);
    }

    /// <summary>Writes the latest value of <paramref name="key"/> to <paramref name="destination"/> as soon as this replica is as recent as asked for.</summary>
    /// <returns>Whether the key exists and is not deleted, otherwise nothing was written; and its version, also that of a tombstone.</returns>
    /// <inheritdoc cref="WaitForAsync"/>
    public async ValueTask<(bool Found, ObjectVersion Version)> TryGetAsync(ReadOnlyMemory<byte> key, IBufferWriter<byte> destination, ReadOptions options = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        StoreLimits.CheckKey(key.Span);
        await WaitForAsync(options, cancellationToken).ConfigureAwait(false);
        var found = TryGet(key.Span, destination, out var version);
        return (found, version);
    }

    /// <summary>Writes a value, after what <see cref="WriteOptions.AtLeast"/> asks for, and waits for the replicas that <see cref="WriteOptions.WaitForReplicas"/> asks for.</summary>
    /// <param name="key">1 to 4,096 bytes.</param>
    /// <param name="value">Up to <see cref="HonuStoreOptions.MaxValueBytes"/> bytes.</param>
    /// <param name="options">Options of this write.</param>
    /// <param name="cancellationToken">Ends the waiting. Before the write nothing is written; afterwards the write stays.</param>
    /// <exception cref="HonuException">
    /// Nothing was written: <see cref="HonuErrorCode.WaitTimedOut"/>, <see cref="HonuErrorCode.ClusterMismatch"/> or <see cref="HonuErrorCode.WriteLost"/> from the token, <see cref="HonuErrorCode.NotReplicating"/>
    /// for a wait for replicas without replication; or what <see cref="Put"/> throws. That replicas have not acknowledged in time is no error: see <see cref="WriteResult.AcknowledgedBy"/>.
    /// </exception>
    public ValueTask<WriteResult> PutAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, WriteOptions options = default, CancellationToken cancellationToken = default) =>
        WriteAsync(options, plain => new WriteResult(Applied: true, Put(key.Span, value.Span, plain), AcknowledgedBy: 0), cancellationToken);

    /// <summary>Like <see cref="TryPut"/>, with the waits of <see cref="PutAsync"/>.</summary>
    /// <param name="key">1 to 4,096 bytes.</param>
    /// <param name="value">Up to <see cref="HonuStoreOptions.MaxValueBytes"/> bytes.</param>
    /// <param name="expected">The version that must be current; <see langword="default"/> for "there is no such object".</param>
    /// <param name="options">Options of this write.</param>
    /// <param name="cancellationToken">Ends the waiting. Before the write nothing is written; afterwards the write stays.</param>
    /// <inheritdoc cref="PutAsync"/>
    public ValueTask<WriteResult> TryPutAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, VersionId expected, WriteOptions options = default, CancellationToken cancellationToken = default) => WriteAsync(
        options,
        plain => new WriteResult(TryPut(key.Span, value.Span, expected, out var version, plain), version, AcknowledgedBy: 0),
        cancellationToken);

    /// <summary>Like <see cref="Delete(ReadOnlySpan{byte}, out ObjectVersion, WriteOptions)"/>, with the waits of <see cref="PutAsync"/>.</summary>
    /// <inheritdoc cref="PutAsync"/>
    public ValueTask<WriteResult> DeleteAsync(ReadOnlyMemory<byte> key, WriteOptions options = default, CancellationToken cancellationToken = default) => WriteAsync(
        options,
        plain => new WriteResult(Delete(key.Span, out var tombstone, plain), tombstone, AcknowledgedBy: 0),
        cancellationToken);

    /// <summary>Waits until other replicas hold a write durably. Replication hurries for it.</summary>
    /// <param name="version">A write that was made here.</param>
    /// <param name="count">How many others.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>How many have said so by then; fewer than <paramref name="count"/> when the time was over first. The write stays either way.</returns>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.NotReplicating"/>: nothing replicates the store.</exception>
    public ValueTask<int> WaitForReplicasAsync(VersionId version, int count, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ThrowIfSnapshot();
        _core.ThrowIfDisposed();
        CausalWaits.CheckTimeout(timeout);
        return ReplicationWaits.AcknowledgedAsync(_core, Name, version, count, timeout, cancellationToken);
    }

    /// <summary>Refuses options that only an asynchronous write can keep.</summary>
    internal static void ThrowIfWaits(WriteOptions options)
    {
        if (options.Needs is { } needs && (needs.AtLeast is not null || needs.Replicas > 0))
            throw new ArgumentException("AtLeast and WaitForReplicas wait for other replicas, which this write does not. Use the asynchronous one.", nameof(options));
    }

    private async ValueTask<WriteResult> WriteAsync(WriteOptions options, Func<WriteOptions, WriteResult> write, CancellationToken cancellationToken)
    {
        ThrowIfSnapshot();
        if (options.Needs is not { } needs)
            return write(options);
        if (needs.Replicas > 0)
            ReplicationWaits.DriverOf(_core, "A wait for other replicas (WaitForReplicas)");
        await WaitForAsync(new ReadOptions { AtLeast = needs.AtLeast, Timeout = needs.Timeout }, cancellationToken).ConfigureAwait(false);
        var result = write(options with { Needs = null });
        if (needs.Replicas == 0 || !result.Applied)
            return result;
        return result with { AcknowledgedBy = await ReplicationWaits.AcknowledgedAsync(_core, Name, result.Version.Id, needs.Replicas, needs.Timeout, cancellationToken).ConfigureAwait(false) };
    }

    private async ValueTask BothAsync(ValueTask causal, TimeSpan maxStaleness, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await causal.ConfigureAwait(false);
        await ReplicationWaits.FreshAsync(_core, Name, maxStaleness, timeout, cancellationToken).ConfigureAwait(false);
    }
}

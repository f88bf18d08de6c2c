using System.Buffers;
using Honu.Consistency;
using Honu.Writing;

namespace Honu;

public sealed partial class HonuStore
{
    /// <summary>For tests of what is inside.</summary>
    internal StoreCore Core => _core;

    /// <summary>A token for everything in all namespaces that a read could have seen up to now.</summary>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.TokenTooLarge"/>: there are too many namespaces or replicas for one token; take those of single namespaces.</exception>
    /// <remarks>Waits for the write in progress. Records that came by streams that are not finished are counted through.</remarks>
    public CausalToken GetToken() => StoreToken.Take(_core, names: null);

    /// <inheritdoc cref="HonuNamespace.GetToken(VersionId)"/>
    public CausalToken GetToken(VersionId version) => _default.GetToken(version);

    /// <summary>Whether a token is satisfied here and now: for synchronous code, which decides itself what it does otherwise.</summary>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.ClusterMismatch"/>: the token is of another cluster. <see cref="HonuErrorCode.WriteLost"/>: it asks for a write that is gone.</exception>
    /// <remarks>Waits for the write in progress.</remarks>
    public bool Covers(CausalToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        _core.ThrowIfDisposed();
        return _core.Waits.FindMissing(token) is null;
    }

    /// <summary>Waits until this replica has everything that a token asks for, in all of its namespaces. Fetches what is missing where replication runs.</summary>
    /// <param name="token">The token.</param>
    /// <param name="timeout">How long to wait. Zero does not wait; <see cref="Timeout.InfiniteTimeSpan"/> waits as long as the store is open.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="HonuException">
    /// <see cref="HonuErrorCode.WaitTimedOut"/>: not in time. <see cref="HonuErrorCode.ClusterMismatch"/>: the token is of another cluster.
    /// <see cref="HonuErrorCode.WriteLost"/>: it asks for a write of this store that a power loss took.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed, or was while the call waited.</exception>
    public ValueTask WaitForAsync(CausalToken token, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _core.Waits.WaitAsync(token, timeout, cancellationToken);
    }

    /// <inheritdoc cref="HonuNamespace.GetAsync"/>
    public ValueTask<ReadResult> GetAsync(ReadOnlyMemory<byte> key, ReadOptions options = default, CancellationToken cancellationToken = default) => _default.GetAsync(key, options, cancellationToken);

    /// <inheritdoc cref="HonuNamespace.TryGetAsync"/>
    public ValueTask<(bool Found, ObjectVersion Version)> TryGetAsync(ReadOnlyMemory<byte> key, IBufferWriter<byte> destination, ReadOptions options = default, CancellationToken cancellationToken = default) =>
        _default.TryGetAsync(key, destination, options, cancellationToken);

    /// <inheritdoc cref="HonuNamespace.PutAsync"/>
    public ValueTask<WriteResult> PutAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, WriteOptions options = default, CancellationToken cancellationToken = default) => _default.PutAsync(key, value, options, cancellationToken);

    /// <inheritdoc cref="HonuNamespace.TryPutAsync"/>
    public ValueTask<WriteResult> TryPutAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, VersionId expected, WriteOptions options = default, CancellationToken cancellationToken = default) =>
        _default.TryPutAsync(key, value, expected, options, cancellationToken);

    /// <inheritdoc cref="HonuNamespace.DeleteAsync"/>
    public ValueTask<WriteResult> DeleteAsync(ReadOnlyMemory<byte> key, WriteOptions options = default, CancellationToken cancellationToken = default) => _default.DeleteAsync(key, options, cancellationToken);

    /// <summary>Like <see cref="Write"/>, with the waits of <see cref="HonuNamespace.PutAsync"/>.</summary>
    /// <returns>The new version of each operation, in order, none for a deletion that found nothing; and how many other replicas hold all of it durably.</returns>
    /// <exception cref="HonuException">As of <see cref="HonuNamespace.PutAsync"/>; nothing was written.</exception>
    public async ValueTask<(IReadOnlyList<ObjectVersion> Versions, int AcknowledgedBy)> WriteAsync(HonuWriteBatch batch, WriteOptions options = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (options.Needs is not { } needs)
            return (Write(batch, options), 0);
        if (needs.Replicas > 0)
            ReplicationWaits.DriverOf(_core, "A wait for other replicas (WaitForReplicas)");
        var namespaces = batch.Namespaces.ToList();
        var names = namespaces.Distinct(StringComparer.Ordinal).ToList();
        foreach (var ns in names)
            await Namespace(ns).WaitForAsync(new ReadOptions { AtLeast = needs.AtLeast, Timeout = needs.Timeout }, cancellationToken).ConfigureAwait(false);

        var versions = Write(batch, options with { Needs = null });
        if (needs.Replicas == 0)
            return (versions, 0);

        // The last write in a namespace stands for those before it: a vector that covers it covers them.
        var acknowledgedBy = int.MaxValue;
        foreach (var ns in names)
        {
            var last = namespaces.Zip(versions).Where(write => write.First == ns).Select(static write => write.Second.Id).MaxBy(static id => id.Scalar);
            if (!last.IsNone)
                acknowledgedBy = Math.Min(acknowledgedBy, await ReplicationWaits.AcknowledgedAsync(_core, ns, last, needs.Replicas, needs.Timeout, cancellationToken).ConfigureAwait(false));
        }

        return (versions, acknowledgedBy == int.MaxValue ? 0 : acknowledgedBy);
    }
}

using Google.Protobuf;
using Honu.Hosting.Protocol.Stores;
using Honu.Hosting.Services;

namespace Honu.Hosting;

/// <summary>Reads and writes that go with tokens, so that a client may move between servers and keep sight of what it has seen and written.</summary>
public sealed partial class StoreClient
{
    /// <summary>Reads the latest version of an object, as soon as the server is as recent as asked for.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="options">How recent the read must be.</param>
    /// <param name="wantsToken">Whether the answer has a token for what was read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreClientException"><see cref="StoreClientError.WaitTimedOut"/>: the server was not so recent in time. <see cref="StoreClientError.Refused"/>: the token is of another cluster, asks for a write that is lost, or the server does not replicate.</exception>
    public async Task<TrackedRead> GetTrackedAsync(string ns, ReadOnlyMemory<byte> key, ReadOptions options = default, bool wantsToken = true, CancellationToken cancellationToken = default)
    {
        var request = new GetRequest { Namespace = ns, Key = Wrap(key), Needs = ToWire(options, wantsToken) };
        var response = await _server.Call(call => _server.Store.GetAsync(request, call), WaitOf(options), cancellationToken).ConfigureAwait(false);
        return new TrackedRead(response.Found ? ProtocolMapping.FromWire(response.Object) : null, TokenOf(response.Token));
    }

    /// <summary>Writes a value, with the waits that the options ask for.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="options">When the write counts as done, what it follows on, and who must have it.</param>
    /// <param name="wantsToken">Whether the answer has a token for the write.</param>
    /// <param name="cancellationToken">Gives up waiting; the write may be done or not.</param>
    /// <exception cref="StoreClientException"><see cref="StoreClientError.WaitTimedOut"/>: the server did not have in time what the token asks for; nothing was written. <see cref="StoreClientError.Refused"/>: the token is of another cluster, asks for a write that is lost, or the server does not replicate.</exception>
    public async Task<TrackedWrite> PutTrackedAsync(
        string ns, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, WriteOptions options = default, bool wantsToken = true, CancellationToken cancellationToken = default)
    {
        var request = new PutRequest { Namespace = ns, Key = Wrap(key), Value = Wrap(value), Durability = WireDurability(options), TimeToLiveMs = WireTimeToLive(options), Needs = ToWire(options, wantsToken) };
        var response = await _server.Call(call => _server.Store.PutAsync(request, call), WaitOf(options), cancellationToken).ConfigureAwait(false);
        return Tracked(applied: true, ProtocolMapping.VersionOf(response.Object), response.Told);
    }

    /// <summary>Writes a value only if the current version is <paramref name="expected"/>, with the waits that the options ask for.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="expected">The version; <see langword="default"/> to write only when there is no live object.</param>
    /// <param name="options">When the write counts as done, what it follows on, and who must have it.</param>
    /// <param name="wantsToken">Whether the answer has a token for the write.</param>
    /// <param name="cancellationToken">Gives up waiting; the write may be done or not.</param>
    /// <inheritdoc cref="PutTrackedAsync"/>
    public async Task<TrackedWrite> TryPutTrackedAsync(
        string ns,
        ReadOnlyMemory<byte> key,
        ReadOnlyMemory<byte> value,
        VersionId expected,
        WriteOptions options = default,
        bool wantsToken = true,
        CancellationToken cancellationToken = default)
    {
        var request = new TryPutRequest { Namespace = ns, Key = Wrap(key), Value = Wrap(value), Durability = WireDurability(options), TimeToLiveMs = WireTimeToLive(options), Needs = ToWire(options, wantsToken) };
        if (!expected.IsNone)
            request.Expected = ProtocolMapping.ToWire(expected);
        var response = await _server.Call(call => _server.Store.TryPutAsync(request, call), WaitOf(options), cancellationToken).ConfigureAwait(false);
        return Tracked(response.Written, ProtocolMapping.VersionOf(response.Object), response.Told);
    }

    /// <summary>Deletes an object, with the waits that the options ask for.</summary>
    /// <inheritdoc cref="PutTrackedAsync"/>
    public async Task<TrackedWrite> DeleteTrackedAsync(string ns, ReadOnlyMemory<byte> key, WriteOptions options = default, bool wantsToken = true, CancellationToken cancellationToken = default)
    {
        var request = new DeleteRequest { Namespace = ns, Key = Wrap(key), Durability = WireDurability(options), Needs = ToWire(options, wantsToken) };
        var response = await _server.Call(call => _server.Store.DeleteAsync(request, call), WaitOf(options), cancellationToken).ConfigureAwait(false);
        return Tracked(response.Deleted, ProtocolMapping.VersionOf(response.Object), response.Told);
    }

    /// <summary>Applies operations atomically, with the waits that the options ask for.</summary>
    /// <returns>One version per operation, <see langword="default"/> for a deletion that found nothing; how many other replicas hold all of it; and a token for it.</returns>
    /// <inheritdoc cref="PutTrackedAsync"/>
    public async Task<(IReadOnlyList<VersionId> Versions, int AcknowledgedBy, CausalToken Token)> WriteTrackedAsync(
        IReadOnlyList<StoreOperation> operations, WriteOptions options = default, bool wantsToken = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operations);
        var request = new WriteRequest { Durability = WireDurability(options), Needs = ToWire(options, wantsToken) };
        foreach (var operation in operations)
            request.Operations.Add(ToWire(operation));
        var response = await _server.Call(call => _server.Store.WriteAsync(request, call), WaitOf(options), cancellationToken).ConfigureAwait(false);
        return ([.. response.Versions.Select(ProtocolMapping.FromWire)], (int)(response.Told?.AcknowledgedBy ?? 0), TokenOf(response.Told?.Token));
    }

    /// <summary>Waits until the server is as recent as asked for, and tells a token for everything that it holds then.</summary>
    /// <param name="namespaces">Which namespaces; <see langword="null"/> for all.</param>
    /// <param name="options">How recent.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreClientException"><see cref="StoreClientError.WaitTimedOut"/>: not in time. <see cref="StoreClientError.LimitExceeded"/>: a token for so many namespaces would be too long.</exception>
    public async Task<CausalToken> WaitForAsync(IReadOnlyCollection<string>? namespaces = null, ReadOptions options = default, CancellationToken cancellationToken = default)
    {
        var request = new WaitRequest { Needs = ToWire(options, wantsToken: true) };
        request.Namespaces.AddRange(namespaces ?? []);
        var response = await _server.Call(call => _server.Store.WaitAsync(request, call), WaitOf(options), cancellationToken).ConfigureAwait(false);
        return TokenOf(response.Token);
    }

    private static TrackedWrite Tracked(bool applied, in ObjectVersion version, WriteTold? told) =>
        new(applied, version, (int)(told?.AcknowledgedBy ?? 0), TokenOf(told?.Token));

    private static CausalToken TokenOf(ByteString? bytes) => bytes is null or { IsEmpty: true } ? CausalToken.Empty : CausalToken.Parse(bytes.Span);

    // Nothing is sent for options that ask for nothing.
    private static ReadNeeds? ToWire(in ReadOptions options, bool wantsToken)
    {
        if (!wantsToken && options.AtLeast is null && options.MaxStaleness is null)
            return null;
        var needs = new ReadNeeds { WantToken = wantsToken, TimeoutMs = Milliseconds(options.Timeout) };
        if (options.AtLeast is { IsEmpty: false } token)
            needs.AtLeast = UnsafeByteOperations.UnsafeWrap(token.ToArray());
        if (options.MaxStaleness is { } maxStaleness)
            needs.MaxStalenessMs = Milliseconds(maxStaleness);
        return needs;
    }

    private static WriteNeeds? ToWire(in WriteOptions options, bool wantsToken)
    {
        if (!wantsToken && options.AtLeast is null && options.Replicas == 0)
            return null;
        var needs = new WriteNeeds { WantToken = wantsToken, WaitReplicas = (uint)options.Replicas, TimeoutMs = Milliseconds(options.WaitTimeout) };
        if (options.AtLeast is { IsEmpty: false } token)
            needs.AtLeast = UnsafeByteOperations.UnsafeWrap(token.ToArray());
        return needs;
    }

    private static ulong Milliseconds(TimeSpan time) =>
        time == Timeout.InfiniteTimeSpan ? ulong.MaxValue : time < TimeSpan.Zero ? throw new ArgumentOutOfRangeException(nameof(time), time, "A time to wait is zero or more, or Timeout.InfiniteTimeSpan.") : (ulong)Math.Ceiling(time.TotalMilliseconds);

    private static TimeSpan WaitOf(in ReadOptions options) => options.AtLeast is null && options.MaxStaleness is null ? TimeSpan.Zero : options.Timeout;

    // Once for the token, and once for the replicas.
    private static TimeSpan WaitOf(in WriteOptions options) =>
        options.AtLeast is null && options.Replicas == 0 ? TimeSpan.Zero
        : options.WaitTimeout == Timeout.InfiniteTimeSpan ? Timeout.InfiniteTimeSpan
        : options.AtLeast is not null && options.Replicas > 0 ? options.WaitTimeout * 2 : options.WaitTimeout;

    private static void ThrowIfWaits(in WriteOptions options)
    {
        if (options.Replicas > 0)
            throw new ArgumentException("This call cannot tell how many replicas have acknowledged. Use the one whose name ends with TrackedAsync.", nameof(options));
    }
}

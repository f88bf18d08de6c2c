using Google.Protobuf;
using Honu.Hosting.Protocol.Stores;
using Honu.Hosting.Services;

namespace Honu.Hosting;

/// <summary>
/// Reads and writes the store of a Honu server over gRPC. This file: connecting, calls that answer once.
/// What goes with tokens: <c>StoreClient.Consistency.cs</c>. Streams: <c>StoreClient.Streams.cs</c>; operators' calls: <c>StoreClient.Admin.cs</c>.
/// </summary>
/// <remarks>
/// One connection that many threads may share. Every method throws <see cref="StoreClientException"/> when the server refuses or
/// cannot be reached; a missing key and a version mismatch are answers.
/// </remarks>
public sealed partial class StoreClient : IAsyncDisposable
{
    private readonly ServerConnection _server;

    private StoreClient(ServerConnection server) => _server = server;

    /// <summary>The server's address as it was given.</summary>
    public string Address => _server.Address;

    /// <summary>Makes a client; the connection is opened by the first call.</summary>
    /// <param name="address"><c>HOST:PORT</c>, an IPv6 host in brackets.</param>
    /// <param name="options">How to talk to the server; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The address is malformed, or plaintext would leave this machine and
    /// neither <see cref="StoreClientOptions.Tls"/> nor <see cref="StoreClientOptions.AllowInsecure"/> is set.</exception>
    public static StoreClient Connect(string address, StoreClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new StoreClient(ServerConnection.Create(address, options ?? new StoreClientOptions()));
    }

    /// <summary>Reads the latest version of an object.</summary>
    /// <returns><see langword="null"/> when there is no such object or it is deleted.</returns>
    public async Task<StoreObject?> GetAsync(string ns, ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default)
    {
        var request = new GetRequest { Namespace = ns, Key = Wrap(key) };
        var response = await _server.Call(options => _server.Store.GetAsync(request, options), cancellationToken).ConfigureAwait(false);
        return response.Found ? ProtocolMapping.FromWire(response.Object) : null;
    }

    /// <summary>Reads which version of an object is the latest, without its value; shows tombstones.</summary>
    /// <returns><see langword="default"/> when the key was never written.</returns>
    public async Task<ObjectVersion> GetVersionAsync(string ns, ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default)
    {
        var request = new GetRequest { Namespace = ns, Key = Wrap(key), VersionOnly = true };
        var response = await _server.Call(options => _server.Store.GetAsync(request, options), cancellationToken).ConfigureAwait(false);
        return ProtocolMapping.VersionOf(response.Object);
    }

    /// <summary>Writes a value.</summary>
    /// <returns>The version it made.</returns>
    public async Task<ObjectVersion> PutAsync(
        string ns, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, WriteOptions options = default, CancellationToken cancellationToken = default)
    {
        ThrowIfWaits(options);
        return (await PutTrackedAsync(ns, key, value, options, wantsToken: false, cancellationToken).ConfigureAwait(false)).Version;
    }

    /// <summary>Writes a value only if the current version is <paramref name="expected"/>.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="expected">The version; <see langword="default"/> to write only when there is no live object.</param>
    /// <param name="options">When the write counts as done.</param>
    /// <param name="cancellationToken">Gives up waiting; the write may be done or not.</param>
    /// <returns>Whether it was written, and the version that is current now.</returns>
    public async Task<(bool Written, ObjectVersion Version)> TryPutAsync(
        string ns,
        ReadOnlyMemory<byte> key,
        ReadOnlyMemory<byte> value,
        VersionId expected,
        WriteOptions options = default,
        CancellationToken cancellationToken = default)
    {
        ThrowIfWaits(options);
        var result = await TryPutTrackedAsync(ns, key, value, expected, options, wantsToken: false, cancellationToken).ConfigureAwait(false);
        return (result.Applied, result.Version);
    }

    /// <summary>Deletes an object.</summary>
    /// <returns>The tombstone, or <see langword="default"/> when nothing was there.</returns>
    public async Task<ObjectVersion> DeleteAsync(string ns, ReadOnlyMemory<byte> key, WriteOptions options = default, CancellationToken cancellationToken = default)
    {
        ThrowIfWaits(options);
        return (await DeleteTrackedAsync(ns, key, options, wantsToken: false, cancellationToken).ConfigureAwait(false)).Version;
    }

    /// <summary>Applies operations atomically: all of them or none.</summary>
    /// <returns>One version per operation; <see langword="default"/> for a deletion that found nothing.</returns>
    public async Task<IReadOnlyList<VersionId>> WriteAsync(
        IReadOnlyList<StoreOperation> operations, WriteOptions options = default, CancellationToken cancellationToken = default)
    {
        ThrowIfWaits(options);
        return (await WriteTrackedAsync(operations, options, wantsToken: false, cancellationToken).ConfigureAwait(false)).Versions;
    }

    /// <summary>Asks who the store is, its limits and, if wanted, its figures.</summary>
    /// <param name="includeFigures">Also count objects and bytes; reads every key, expensive on a large store.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<StoreInfo> GetInfoAsync(bool includeFigures = false, CancellationToken cancellationToken = default)
    {
        var request = new StatusRequest { IncludeStatistics = includeFigures };
        var response = includeFigures
            ? await _server.CallWithoutDeadline(call => _server.Store.StatusAsync(request, call), cancellationToken).ConfigureAwait(false)
            : await _server.Call(call => _server.Store.StatusAsync(request, call), cancellationToken).ConfigureAwait(false);
        return InfoMapping.FromWire(response);
    }

    /// <summary>Closes the connection; running calls fail.</summary>
    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        return ValueTask.CompletedTask;
    }

    // The memory stays as it is until the call has completed, so that it can be sent from where it is.
    private static ByteString Wrap(ReadOnlyMemory<byte> bytes) => UnsafeByteOperations.UnsafeWrap(bytes);

    private static Operation ToWire(in StoreOperation operation)
    {
        var result = new Operation { Namespace = operation.Namespace, Key = Wrap(operation.Key), Delete = operation.IsDelete };
        if (!operation.IsDelete)
            result.Value = Wrap(operation.Value);
        if (operation.Expires is { } expires)
            result.ExpiresUnixMs = expires.ToUnixTimeMilliseconds();
        return result;
    }

    // The server refuses what is too long; what is too short to be told as milliseconds must not become "never".
    private static ulong WireTimeToLive(WriteOptions options) => options.TimeToLive is not { } timeToLive ? 0
        : timeToLive >= TimeSpan.FromMilliseconds(1) ? (ulong)timeToLive.TotalMilliseconds
        : throw new ArgumentOutOfRangeException(nameof(options), timeToLive, "A time to live is from 1 ms to 36,500 days.");

    private static Protocol.Stores.Durability WireDurability(WriteOptions options) => options.Durability switch
    {
        null => Protocol.Stores.Durability.Unspecified,
        Durability.Flushed => Protocol.Stores.Durability.Flushed,
        _ => Protocol.Stores.Durability.Synced,
    };
}

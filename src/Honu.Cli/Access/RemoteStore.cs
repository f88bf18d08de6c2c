using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Honu.Grpc;
using Honu.Hosting;
using Honu.Hosting.Services;

namespace Honu.Cli.Access;

/// <summary>A store behind a server.</summary>
internal sealed class RemoteStore : IStoreAccess
{
    private const int DeletionsPerMessage = 512;

    private RemoteStore(StoreClient client) => Client = client;

    public StoreClient Client { get; }

    public static RemoteStore Connect(string address, TimeSpan timeout, bool allowInsecure, RpcClientTlsOptions? tls, string? authToken)
    {
        if (!HostPort.TryParse(address, out var target) || target.Port == 0)
            throw CliException.Usage($"\"{address}\" is not an address. Write HOST:PORT, for example 127.0.0.1:7000.");
        if (tls is null && !target.IsLoopback && !allowInsecure && !ResolvesToLoopback(target, timeout))
        {
            throw CliException.Usage(
                $"{address} is another machine, and the connection would be plaintext. Use TLS (--tls-ca), add --allow-insecure to send it in the open, or use a tunnel to this machine's loopback.");
        }

        return new RemoteStore(StoreClient.Connect(address, new StoreClientOptions { Timeout = timeout, AllowInsecure = true, Tls = tls, AuthToken = authToken, MaxMessageBytes = int.MaxValue }));
    }

    public Task<StoreObject?> GetAsync(string ns, byte[] key, CancellationToken cancellationToken) => Client.GetAsync(ns, key, cancellationToken);

    public Task<TrackedRead> GetAsync(string ns, byte[] key, ReadOptions options, bool wantsToken, CancellationToken cancellationToken) =>
        Client.GetTrackedAsync(ns, key, options, wantsToken, cancellationToken);

    public Task<TrackedWrite> PutAsync(string ns, byte[] key, byte[] value, WriteOptions options, bool wantsToken, CancellationToken cancellationToken) =>
        Client.PutTrackedAsync(ns, key, value, options, wantsToken, cancellationToken);

    public Task<TrackedWrite> TryPutAsync(
        string ns, byte[] key, byte[] value, VersionId expected, WriteOptions options, bool wantsToken, CancellationToken cancellationToken) =>
        Client.TryPutTrackedAsync(ns, key, value, expected, options, wantsToken, cancellationToken);

    public Task<TrackedWrite> DeleteAsync(string ns, byte[] key, WriteOptions options, bool wantsToken, CancellationToken cancellationToken) =>
        Client.DeleteTrackedAsync(ns, key, options, wantsToken, cancellationToken);

    public Task<CausalToken> WaitForAsync(string[]? namespaces, ReadOptions options, CancellationToken cancellationToken) =>
        Client.WaitForAsync(namespaces, options, cancellationToken);

    // The server has no call for it: its keys are scanned and come back as deletions, some hundred in a message.
    public async Task<long> DeleteRangeAsync(StoreScan range, WriteOptions options, CancellationToken cancellationToken) =>
        (await Client.ImportAsync(Deletions(range, cancellationToken), options, cancellationToken: cancellationToken)).Deleted;

    public async Task ScanAsync(StoreScan scan, IScanSink sink, CancellationToken cancellationToken)
    {
        await foreach (var item in Client.ScanAsync(scan, cancellationToken))
            sink.Accept(item.Namespace, item.Key.Span, item.Value.Span, item.Version, item.LostConflict);
    }

    public IAsyncEnumerable<StoreObject> HistoryAsync(string ns, byte[] key, CancellationToken cancellationToken) =>
        Client.HistoryAsync(ns, key, cancellationToken);

    public IAsyncEnumerable<StoreChange> WatchAsync(StoreWatch watch, Action<string> started, CancellationToken cancellationToken) =>
        Client.WatchAsync(watch, started, cancellationToken);

    public IAsyncEnumerable<Conflict> ConflictsAsync(string? ns, CancellationToken cancellationToken) => Client.ConflictsAsync(ns, cancellationToken);

    public Task<ImportCounts> ImportAsync(
        IAsyncEnumerable<IReadOnlyList<StoreOperation>> batches,
        WriteOptions options,
        bool skipUnchanged,
        Action<ImportCounts> progress,
        CancellationToken cancellationToken) =>
        Client.ImportAsync(batches, options, skipUnchanged, progress, cancellationToken);

    public Task<StoreInfo> GetInfoAsync(bool includeFigures, CancellationToken cancellationToken) => Client.GetInfoAsync(includeFigures, cancellationToken);

    public ValueTask DisposeAsync() => Client.DisposeAsync();

    private async IAsyncEnumerable<IReadOnlyList<StoreOperation>> Deletions(StoreScan range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batch = new List<StoreOperation>(DeletionsPerMessage);
        await foreach (var item in Client.ScanAsync(range with { KeysOnly = true }, cancellationToken))
        {
            batch.Add(new StoreOperation(item.Namespace, item.Key, default, IsDelete: true));
            if (batch.Count < DeletionsPerMessage)
                continue;
            yield return batch;
            batch.Clear();
        }

        yield return batch;
    }

    // A name that does not resolve is unreachable, whatever is allowed; one that means this machine needs no permission.
    private static bool ResolvesToLoopback(HostPort target, TimeSpan timeout)
    {
        if (IPAddress.TryParse(target.Host, out _))
            return false;
        try
        {
            var addresses = Dns.GetHostAddressesAsync(target.Host, CancellationToken.None).WaitAsync(timeout).GetAwaiter().GetResult();
            return addresses.Length > 0 && Array.TrueForAll(addresses, IPAddress.IsLoopback);
        }
        catch (Exception e) when (e is SocketException or TimeoutException or ArgumentException)
        {
            throw new CliException(ExitCodes.Unreachable, $"Cannot reach {target}: the name \"{target.Host}\" does not resolve. Check the address.");
        }
    }
}

using Google.Protobuf;
using Honu.Hosting.Protocol.Admin;
using Honu.Hosting.Services;
using Honu.Replication;

namespace Honu.Hosting;

/// <content>What only an operator decides.</content>
public sealed partial class StoreClient
{
    /// <summary>Lets the server compare its contents with a peer's, in one session, and repair both sides where they differ.</summary>
    /// <param name="peer"><c>PID</c>, <c>HOST:PORT</c> or <c>PID@HOST:PORT</c>; an address need not be a configured peer.</param>
    /// <param name="cancellationToken">Gives up, and ends the session.</param>
    /// <returns>What the session did; see <see cref="SyncReport.ComparisonsSkipped"/>.</returns>
    public async Task<SyncReport> VerifyAsync(string peer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(peer);
        var request = new SyncRequest { Peer = peer, Verify = true };
        var response = await _server.CallWithoutDeadline(call => _server.Admin.SyncAsync(request, call), cancellationToken).ConfigureAwait(false);
        return InfoMapping.FromWire(response);
    }

    /// <summary>Lets the server's next full reconcile of a namespace delete as much as it must; see <see cref="ReplicationPort.AllowReconcile"/>.</summary>
    /// <exception cref="StoreClientException"><see cref="StoreClientError.NotFound"/>: the server has no such namespace.</exception>
    public async Task AllowReconcileAsync(string ns, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ns);
        var request = new AllowReconcileRequest { Namespace = ns };
        await _server.Call(call => _server.Admin.AllowReconcileAsync(request, call), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Streams the records that the server keeps in quarantine.</summary>
    /// <param name="ns">The namespace; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async IAsyncEnumerable<QuarantinedObject> QuarantinedAsync(string? ns, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var call = _server.Admin.ListQuarantined(new ListQuarantinedRequest { Namespace = ns ?? "" }, ServerConnection.WithoutDeadline(cancellationToken));
        while (await Next(call.ResponseStream, cancellationToken).ConfigureAwait(false) is { } record)
            yield return FromWire(record);
    }

    /// <summary>Lets the server make objects of the quarantined records that it can hold by now.</summary>
    /// <param name="ns">The namespace; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>How many left the quarantine, and how many stay.</returns>
    public async Task<(long Taken, long Left)> RetryQuarantinedAsync(string? ns, CancellationToken cancellationToken = default)
    {
        var request = new ChangeQuarantineRequest { Namespace = ns ?? "" };
        var response = await _server.CallWithoutDeadline(call => _server.Admin.ChangeQuarantineAsync(request, call), cancellationToken).ConfigureAwait(false);
        return ((long)response.Taken, (long)response.Left);
    }

    /// <summary>Lets the server give a quarantined record up; see <see cref="ReplicationPort.DiscardQuarantined"/>.</summary>
    /// <returns>What was given up.</returns>
    /// <exception cref="StoreClientException"><see cref="StoreClientError.NotFound"/>: nothing is in quarantine under that key.</exception>
    public async Task<QuarantinedObject> DiscardQuarantinedAsync(string ns, ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ns);
        var request = new ChangeQuarantineRequest { Namespace = ns, Discard = ByteString.CopyFrom(key.Span) };
        var response = await _server.Call(call => _server.Admin.ChangeQuarantineAsync(request, call), cancellationToken).ConfigureAwait(false);
        return FromWire(response.Discarded ?? new QuarantinedRecord());
    }

    private static QuarantinedObject FromWire(QuarantinedRecord record) => new(
        record.Object?.Namespace ?? "",
        record.Object?.Key.Memory ?? default,
        ProtocolMapping.VersionOf(record.Object),
        record.Reason,
        (int)Math.Min(int.MaxValue, record.Object?.ValueBytes ?? 0),
        DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(253_402_300_799_999, record.SinceUnixMillis)));
}

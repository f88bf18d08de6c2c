using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Honu.Hosting.Security;
using Honu.Replication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Honu.Hosting;

/// <summary>Runs the replication of an open store: one loop feeds the state machine with events and carries out its effects over gRPC.</summary>
/// <remarks>Thread-safe. Start it once, stop it before the store is disposed. Peers reach it through <c>MapHonu</c>.</remarks>
public sealed partial class ReplicaHost : IAsyncDisposable
{
    private readonly HonuStore _store;
    private readonly Replica _replica;
    private readonly PeerConnections _connections;
    private readonly ReplicaTimers _timers;
    private readonly HonuReplicaOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<(ReplicaEvent? Event, SemaphoreSlim? Taken, Action? Ask)> _events =
        Channel.CreateUnbounded<(ReplicaEvent?, SemaphoreSlim?, Action?)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Dictionary<SessionId, SessionPump> _sessions = [];
    private readonly ConcurrentDictionary<long, TaskCompletionSource<SyncReport>> _requests = new();
    private readonly ConcurrentDictionary<Task, bool> _running = new();
    private readonly CancellationTokenSource _stopping = new();
    private CertificateExpiry? _expiry;
    private Task? _loop;
    private long _lastRequest;
    private int _commitPending;
    private long _succeeded;
    private long _failed;
    private long _lastSuccess;
    private int _openSessions;
    private IReadOnlyList<PeerSnapshot> _arms = [];
    private readonly ReplicationMetrics _metrics;
    private readonly bool _advertisesListenAddress;
    private readonly ObjectCounts _counts;

    /// <summary>Prepares the replication of <paramref name="store"/>.</summary>
    /// <param name="store">An open store; not disposed here.</param>
    /// <param name="options">The peers and how to talk to them.</param>
    /// <param name="loggers">Where to log; <see langword="null"/> for nowhere.</param>
    /// <param name="time">The clock of timers; <see langword="null"/> for the machine's.</param>
    /// <param name="meters">Where the meter <c>Honu.Replication</c> comes from; <see langword="null"/> for one of its own.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names all that are.</exception>
    public ReplicaHost(HonuStore store, HonuReplicaOptions options, ILoggerFactory? loggers = null, TimeProvider? time = null, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        var failures = options.Validate();
        if (failures.Count > 0)
            throw new ArgumentException(string.Join(" ", failures), nameof(options));
        _store = store;
        _options = options;
        _time = time ?? TimeProvider.System;
        _logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger<ReplicaHost>();

        // Replicas should not choose alike: the store's id is as good a seed as any, and the same after a restart.
        _replica = new Replica(store.Replication, options.ToReplicaOptions(store.Identity.StoreId.GetHashCode()));
        _advertisesListenAddress = options is { AdvertiseListenAddress: true, AdvertisedAddress: null };
        _counts = new ObjectCounts(store.Replication, _time);
        MaxMessageBytes = MessageLimits.MaxMessageBytes(store.Replication.MaxValueBytes);
        _connections = new PeerConnections(options, MaxMessageBytes);
        _driver = new Driver(this);
        _timers = new ReplicaTimers(_time, timer => Post(new ReplicaEvent.TimerDue(timer)));
        _lastSuccess = _time.GetTimestamp();
        _metrics = new ReplicationMetrics(meters, _replica, () => _time.GetElapsedTime(Interlocked.Read(ref _lastSuccess)), () => Volatile.Read(ref _openSessions), () => Volatile.Read(ref _arms));
    }

    internal int MaxMessageBytes { get; }

    /// <summary>Begins: answers peers and opens sessions.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_loop is not null)
            throw new InvalidOperationException("The replica host was started already.");
        _store.Replication.LocalCommitted += OnLocalCommitted;
        _store.Replication.EquivocationFound += OnEquivocationFound;
        _store.Replication.DigestMismatchFound += OnDigestMismatchFound;
        _store.Replication.Attach(_driver);
        _loop = Task.Run(RunAsync, CancellationToken.None);
        WatchCertificate();
        Post(new ReplicaEvent.Started());
        _events.Writer.TryWrite((null, null, TellRestored));
        return Task.CompletedTask;
    }

    /// <summary>Ends all sessions and the loop. What a broken session had received stays and is gone on from.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_loop is null || _stopping.IsCancellationRequested)
            return;
        _store.Replication.LocalCommitted -= OnLocalCommitted;
        _store.Replication.EquivocationFound -= OnEquivocationFound;
        _store.Replication.DigestMismatchFound -= OnDigestMismatchFound;
        _store.Replication.Detach(_driver);
        await _stopping.CancelAsync().ConfigureAwait(false);
        _events.Writer.TryComplete();
        await _loop.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_running.Keys).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var request in _requests.Values)
            request.TrySetCanceled(CancellationToken.None);
    }

    /// <summary>Runs a session with a peer at once.</summary>
    /// <param name="peer"><c>PID</c> of a known peer, <c>HOST:PORT</c> or <c>PID@HOST:PORT</c>; an address need not be configured.</param>
    /// <param name="cancellationToken">Stops the waiting, not the session.</param>
    /// <exception cref="ArgumentException">There is no such peer, or the address makes no sense.</exception>
    /// <exception cref="HonuReplicationException">The session did not succeed.</exception>
    public Task<SyncReport> SyncAsync(string peer, CancellationToken cancellationToken) => RunSessionAsync(peer, verify: false, cancellationToken);

    /// <summary>Runs a session with a peer that also compares the contents of namespaces whose vectors are equal, and repairs both sides where they differ.</summary>
    /// <remarks>Namespaces that are written meanwhile cannot be compared; the report counts them.</remarks>
    /// <param name="peer">As for <see cref="SyncAsync"/>.</param>
    /// <param name="cancellationToken">Stops the waiting, not the session.</param>
    /// <exception cref="ArgumentException">There is no such peer, or the address makes no sense.</exception>
    /// <exception cref="HonuReplicationException">The session did not succeed.</exception>
    public Task<SyncReport> VerifyAsync(string peer, CancellationToken cancellationToken) => RunSessionAsync(peer, verify: true, cancellationToken);

    private async Task<SyncReport> RunSessionAsync(string peer, bool verify, CancellationToken cancellationToken)
    {
        if (_loop is null)
            throw new InvalidOperationException("The replica host was not started.");
        var address = await AskAsync(() => Resolve(peer), cancellationToken).ConfigureAwait(false)
            ?? throw new ArgumentException($"\"{peer}\" is neither the pid of a peer that answered before nor an address; write PID, HOST:PORT or PID@HOST:PORT.", nameof(peer));
        var id = Interlocked.Increment(ref _lastRequest);
        var done = new TaskCompletionSource<SyncReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests[id] = done;
        Post(new ReplicaEvent.SyncRequested(id, address, verify));
        var report = await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return report.IsSuccess ? report : throw new HonuReplicationException(address, report);
    }

    /// <summary>Stops, and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
        _metrics.Dispose();
        _connections.Dispose();
        _expiry?.Dispose();
        _timers.Dispose();
        _stopping.Dispose();
    }

    private void WatchCertificate()
    {
        var certificates = _options.Tls?.Certificates;
        if (_options.Grants is not null && certificates?.Roots is null)
            Log.GrantsUnproven(_logger);
        if (certificates?.Certificate is not { } own)
            return;
        _expiry = new CertificateExpiry(certificates, _logger, _time, _metrics.Meter);
        var identity = _store.Identity;
        if (certificates.Roots is not null && PeerCertificate.Of(own).Replica != new PeerIdentity(identity.Cluster, identity.Replica.Pid))
            Log.CertificateOfAnother(_logger, Uri.EscapeDataString(identity.Cluster), identity.Replica.Pid, PeerCertificate.Describe(own));
    }

    private PeerAddress? Resolve(string peer)
    {
        if (uint.TryParse(peer, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var pid))
            return _replica.Peers.FirstOrDefault(known => known.Replica?.Pid == pid || known.Address.Pid == pid)?.Address;
        return PeerAddress.TryParse(peer, out var address) ? address : null;
    }

    // The key is the application's, and not for logs.
    private void OnEquivocationFound(object? sender, EquivocationEventArgs e) =>
        Log.EquivocationFound(_logger, e.Version, e.Namespace, e.Key.Span.SequenceEqual(e.OtherKey.Span) ? "for two contents of one object" : "for two objects");

    // What the store has lost, its peers may have.
    private void OnDigestMismatchFound(object? sender, DigestMismatchEventArgs e)
    {
        Log.StoreDiffers(_logger, e.Namespace, e.Missing);
        _metrics.StoreDiffers();
        Post(new ReplicaEvent.StoreDiffers(e.Namespace));
    }

    // Writers only set a flag: however many commits there are, one event tells of them.
    private void OnLocalCommitted(object? sender, EventArgs e)
    {
        if (Interlocked.Exchange(ref _commitPending, 1) == 0)
            Post(new ReplicaEvent.LocalCommit());
    }
}

using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Honu.Grpc;
using Honu.Hosting.Security;
using Honu.Replication;
using Honu.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting.Tests.Security;

/// <summary>A replica on a free port of the loopback with what it shows, trusts and allows; it opens sessions only when told to, and keeps what it logs.</summary>
internal sealed class SecuredReplica : IAsyncDisposable
{
    private readonly TestDirectory _directory;
    private readonly WebApplication _app;

    private SecuredReplica(TestDirectory directory, WebApplication app, LogLines log)
    {
        _directory = directory;
        _app = app;
        Log = log;
        Address = Loopback.AddressOf(app.Services);
    }

    public string Address { get; }

    public int Port => new Uri("https://" + Address).Port;

    public LogLines Log { get; }

    public HonuStore Store => _app.Services.GetRequiredService<HonuStore>();

    public ReplicaHost Host => _app.Services.GetRequiredService<ReplicaHost>();

    /// <summary>Starts a replica.</summary>
    /// <param name="pid">Who it says that it is.</param>
    /// <param name="certificates">What it shows and trusts; <see langword="null"/> for plaintext.</param>
    /// <param name="cluster">The cluster that it says that it belongs to.</param>
    /// <param name="grants">What it allows.</param>
    /// <param name="port">Where it listens; 0 for a free port.</param>
    /// <param name="region">Where it says that it stands.</param>
    /// <param name="replica">How it replicates otherwise; <see langword="null"/> for the defaults.</param>
    /// <param name="before">What comes before a call is routed.</param>
    public static async Task<SecuredReplica> Start(
        uint pid, RpcCertificates? certificates, string cluster = "c", AccessGrants? grants = null, int port = 0, string? region = null, HonuReplicaOptions? replica = null,
        Func<HttpContext, RequestDelegate, Task>? before = null)
    {
        var directory = new TestDirectory();
        var log = new LogLines();
        var handshakes = certificates is null ? null : new HandshakeWatch(certificates, log.CreateLogger("tls"), TimeProvider.System);
        var app = await Loopback.Serve(
            services =>
            {
                services.AddSingleton<ILoggerFactory>(new LoggerFactory([log]));
                services.AddHonu(directory.Combine("db"), new HonuStoreOptions { Pid = pid, Cluster = cluster, Region = region }, new HonuServiceOptions { Grants = grants });
                services.AddHonuReplica((replica ?? new HonuReplicaOptions()) with { Tls = certificates is null ? null : new RpcClientTlsOptions { Certificates = certificates }, Grants = grants });
            },
            listen =>
            {
                listen.UseRpc(handshakes?.Options);
                handshakes?.Attach(listen);
            },
            port,
            (http, next) =>
            {
                HandshakeWatch.Note(http);
                return before is null ? next(http) : before(http, next);
            });
        return new SecuredReplica(directory, app, log);
    }

    /// <summary>Runs a session with another replica, which must succeed.</summary>
    public Task<SyncReport> SyncWith(SecuredReplica other) => Guard.Within(Host.SyncAsync(other.Address, CancellationToken.None));

    /// <summary>Runs a session that must fail, and returns how.</summary>
    public async Task<SyncReport> FailWith(SecuredReplica other) =>
        (await Assert.ThrowsAsync<HonuReplicationException>(() => Guard.Within(Host.SyncAsync(other.Address, CancellationToken.None)))).Report;

    public void Put(string ns, string key, string value = "v") => Store.Namespace(ns).Put(System.Text.Encoding.UTF8.GetBytes(key), System.Text.Encoding.UTF8.GetBytes(value));

    public bool Has(string ns, string key) => Store.Namespace(ns).TryGetVersion(System.Text.Encoding.UTF8.GetBytes(key), out _);

    /// <summary>Ends the server; its port is free then.</summary>
    public Task Stop() => Guard.Within(_app.StopAsync());

    public async ValueTask DisposeAsync()
    {
        await Stop();
        await _app.DisposeAsync();
        _directory.Dispose();
    }
}

/// <summary>The lines that a server logs, from Information on.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, EventId Event, string Text)> _lines = new();
    private readonly SemaphoreSlim _added = new(0);

    public IEnumerable<(LogLevel Level, EventId Event, string Text)> Lines => _lines;

    /// <summary>Waits for a line that contains all of these words, in any order.</summary>
    public async Task<string> WaitFor(params string[] words)
    {
        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            if (_lines.FirstOrDefault(line => words.All(word => line.Text.Contains(word, StringComparison.Ordinal))) is { Text: not null } found)
                return found.Text;
            try
            {
                await _added.WaitAsync(guard.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"No line with {string.Join(", ", words)} among:\n{string.Join('\n', _lines.Select(static line => line.Text))}");
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void Dispose()
    {
        // Read after the server has stopped, too.
    }

    private sealed class Logger(LogLines lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            lines._lines.Enqueue((logLevel, eventId, formatter(state, exception)));
            lines._added.Release();
        }
    }
}

/// <summary>An authority of a test, and what replicas and clients show of it.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _authority = CertificateMaker.Authority("test", TimeSpan.FromDays(3650), new ManualTimeProvider(TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(30)));
    private readonly List<X509Certificate2> _issued = [];

    public X509Certificate2Collection Roots => [_authority];

    public RpcCertificates Replica(uint pid, string cluster = "c", params string[] hosts) =>
        new(Add(CertificateMaker.Replica(_authority, cluster, pid, hosts.Length > 0 ? hosts : ["localhost", "127.0.0.1"], TimeSpan.FromDays(100), TimeProvider.System)), Roots);

    /// <summary>A certificate of a replica whose time is over.</summary>
    public RpcCertificates Expired(uint pid)
    {
        var past = new ManualTimeProvider(TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(9));
        return new(Add(CertificateMaker.Replica(_authority, "c", pid, ["127.0.0.1"], TimeSpan.FromDays(1), past)), Roots);
    }

    public RpcCertificates Client(string name, string cluster = "c") => new(Add(CertificateMaker.Client(_authority, cluster, name, TimeSpan.FromDays(1), TimeProvider.System)), Roots);

    public void Dispose()
    {
        _authority.Dispose();
        _issued.ForEach(static certificate => certificate.Dispose());
    }

    private X509Certificate2 Add(X509Certificate2 certificate)
    {
        _issued.Add(certificate);
        return certificate;
    }
}

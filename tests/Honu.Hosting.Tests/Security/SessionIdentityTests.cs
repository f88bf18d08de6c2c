using Honu.Grpc;
using Honu.Replication;
using Honu.TestKit;

namespace Honu.Hosting.Tests.Security;

/// <summary>Who may hold a session with whom, by certificates: real replicas over mutual TLS, and both ends must say why one was refused.</summary>
public sealed class SessionIdentityTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _other = new();

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task Session_OfTwoReplicasOfTheCluster_Exchanges()
    {
        await using var a = await SecuredReplica.Start(1, _authority.Replica(1));
        await using var b = await SecuredReplica.Start(2, _authority.Replica(2));
        b.Put("default", "k");

        var first = await a.SyncWith(b);
        var second = await a.SyncWith(b);

        Assert.Equal(SyncOutcome.Completed, first.Outcome);
        Assert.Equal(SyncOutcome.Equal, second.Outcome);
        Assert.True(a.Has("default", "k"));
        Assert.DoesNotContain(a.Log.Lines.Concat(b.Log.Lines), static line => line.Event.Id is >= 3100 and < 3200);
    }

    [Fact]
    public async Task Session_WithACallerOfAnotherAuthority_IsRefusedAndBothLogsSayWhy()
    {
        await using var caller = await SecuredReplica.Start(1, new RpcCertificates(_other.Replica(1).Certificate, _authority.Roots));
        await using var called = await SecuredReplica.Start(2, _authority.Replica(2));

        var report = await caller.FailWith(called);

        Assert.Contains("may have refused the certificate of this side, replica:1", report.Error, StringComparison.Ordinal);
        await caller.Log.WaitFor("may have refused the certificate of this side, replica:1");
        await called.Log.WaitFor("a client at 127.0.0.1 was refused", "of an authority that is not trusted here", "replica:1");
    }

    [Fact]
    public async Task Session_WithAServerOfAnotherAuthority_IsRefusedAndBothLogsSayWhy()
    {
        await using var caller = await SecuredReplica.Start(1, _authority.Replica(1));
        await using var called = await SecuredReplica.Start(2, new RpcCertificates(_other.Replica(2).Certificate, _authority.Roots));

        var report = await caller.FailWith(called);

        Assert.Contains("of an authority that is not trusted here", report.Error, StringComparison.Ordinal);
        await caller.Log.WaitFor(called.Address, "of an authority that is not trusted here", "replica:2");
        await called.Log.WaitFor("a client at 127.0.0.1 left before its first call", "may not trust the certificate of this server, replica:2");
    }

    [Fact]
    public async Task Session_WithAnExpiredCaller_IsRefusedAndBothLogsSayWhy()
    {
        await using var caller = await SecuredReplica.Start(1, _authority.Expired(1));
        await using var called = await SecuredReplica.Start(2, _authority.Replica(2));

        var report = await caller.FailWith(called);

        Assert.Contains("may have refused", report.Error, StringComparison.Ordinal);
        await caller.Log.WaitFor("has expired, clients and peers refuse it", "replica:1");
        await called.Log.WaitFor("was refused", "expired", "replica:1");
    }

    [Fact]
    public async Task Session_WithAnExpiredServer_IsRefusedAndBothLogsSayWhy()
    {
        await using var caller = await SecuredReplica.Start(1, _authority.Replica(1));
        await using var called = await SecuredReplica.Start(2, _authority.Expired(2));

        var report = await caller.FailWith(called);

        Assert.Contains("expired", report.Error, StringComparison.Ordinal);
        await caller.Log.WaitFor("expired", "replica:2");
        await called.Log.WaitFor("has expired, clients and peers refuse it");
    }

    [Fact]
    public async Task Session_WithAServerOfAnotherName_IsRefused()
    {
        await using var caller = await SecuredReplica.Start(1, _authority.Replica(1));
        await using var called = await SecuredReplica.Start(2, _authority.Replica(2, "c", "elsewhere.example"));

        var report = await caller.FailWith(called);

        Assert.Contains("names do not include the host", report.Error, StringComparison.Ordinal);
        await caller.Log.WaitFor("names do not include the host", "replica:2");
        await called.Log.WaitFor("left before its first call", "replica:2");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Session_WithTheCertificateOfAnotherReplica_IsRefusedAndBothLogsSayWhy(bool callerIsWrong)
    {
        await using var caller = await SecuredReplica.Start(3, _authority.Replica(callerIsWrong ? 4u : 3));
        await using var called = await SecuredReplica.Start(5, _authority.Replica(callerIsWrong ? 5u : 6));
        caller.Put("default", "k");

        var report = await caller.FailWith(called);

        Assert.Equal(SyncOutcome.Refused, report.Outcome);
        var reason = callerIsWrong ? "calls itself 3 shows the certificate of replica 4" : "calls itself 5 shows the certificate of replica 6";
        await caller.Log.WaitFor("Refused", reason);
        await called.Log.WaitFor("Refused", reason);
        await (callerIsWrong ? caller : called).Log.WaitFor("does not name it");
        Assert.False(called.Has("default", "k"));
    }

    [Theory]
    [InlineData("d", "c", "d", "c")]
    [InlineData("c", "d", "c", "c")]
    [InlineData("C", "c", "C", "c")]
    public async Task Session_WithAReplicaOfAnotherCluster_IsRefusedAndBothLogsSayWhy(string store, string otherStore, string certificate, string otherCertificate)
    {
        await using var caller = await SecuredReplica.Start(1, _authority.Replica(1, certificate), store);
        await using var called = await SecuredReplica.Start(2, _authority.Replica(2, otherCertificate), otherStore);

        var report = await caller.FailWith(called);

        Assert.Equal(SyncOutcome.Refused, report.Outcome);
        await caller.Log.WaitFor("Refused", "cluster \"");
        await called.Log.WaitFor("Refused", "cluster \"");
    }

    [Fact]
    public async Task Session_WhoseCallerBelongsToTheClusterButItsCertificateDoesNot_IsRefused()
    {
        await using var caller = await SecuredReplica.Start(1, _authority.Replica(1, "other"));
        await using var called = await SecuredReplica.Start(2, _authority.Replica(2));

        await caller.FailWith(called);

        await caller.Log.WaitFor("Refused", "the certificate of replica 1 is for cluster \"other\"");
        await called.Log.WaitFor("Refused", "the certificate of replica 1 is for cluster \"other\"");
    }

    [Fact]
    public async Task Session_WithTheCertificateOfAClient_IsRefusedAndBothLogsSayWhy()
    {
        await using var caller = await SecuredReplica.Start(1, _authority.Client("alice"));
        await using var called = await SecuredReplica.Start(2, _authority.Replica(2));

        var report = await caller.FailWith(called);

        Assert.Equal(SyncOutcome.Refused, report.Outcome);
        await caller.Log.WaitFor("Refused", "names no replica", "client:alice");
        await called.Log.WaitFor("refused", "names no replica", "client:alice");
    }

    [Fact]
    public async Task Session_InPlaintextWithATlsServer_IsRefused()
    {
        await using var caller = await SecuredReplica.Start(1, certificates: null);
        await using var called = await SecuredReplica.Start(2, _authority.Replica(2));

        var report = await caller.FailWith(called);

        Assert.Equal(SyncOutcome.Unreachable, report.Outcome);
    }

    [Fact]
    public void Options_WithAPlaintextPeerOnAnotherMachine_AreRefusedUnlessAllowed()
    {
        var plain = new HonuReplicaOptions { Peers = ["node2:7000"] };

        Assert.Contains("use TLS", Assert.Single(plain.Validate()), StringComparison.Ordinal);
        Assert.Empty((plain with { AllowInsecure = true }).Validate());
        Assert.Empty((plain with { Tls = new RpcClientTlsOptions { Certificates = _authority.Replica(1) } }).Validate());
    }

    [Fact]
    public async Task Session_AfterAnotherReplicaTookTheAddress_GoesToTheNewOneOnANewConnection()
    {
        await using var caller = await SecuredReplica.Start(1, _authority.Replica(1));
        int port;
        await using (var before = await SecuredReplica.Start(2, _authority.Replica(2)))
        {
            await caller.SyncWith(before);
            port = before.Port;
        }

        await using var after = await SecuredReplica.Start(7, _authority.Replica(7), port: port);
        var first = await caller.FailWith(after);
        var second = await caller.SyncWith(after);

        Assert.Contains("replica 7 answers where replica 2 did before", first.Error, StringComparison.Ordinal);
        Assert.Equal(7u, second.Responder.Pid);
    }

    [Fact]
    public async Task Reload_OfCertificatesInFiles_IsUsedByNewConnectionsWhileTheReplicaRuns()
    {
        using var directory = new TestDirectory();
        var clock = new ManualTimeProvider();
        Write(directory, new RpcCertificates(_other.Replica(2).Certificate, _authority.Roots));
        var certificates = RpcCertificates.FromPemFiles(directory.Combine("node.pem"), directory.Combine("node.key"), directory.Combine("ca.pem"), logger: null, clock);
        await using var caller = await SecuredReplica.Start(1, _authority.Replica(1));
        await using var called = await SecuredReplica.Start(2, certificates);
        Assert.Contains("not trusted", (await caller.FailWith(called)).Error, StringComparison.Ordinal);

        // The right authority, then a certificate of another replica: each is judged by what the files hold now.
        Write(directory, _authority.Replica(2));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True((await caller.SyncWith(called)).IsSuccess);
        Write(directory, _authority.Replica(9));
        clock.Advance(TimeSpan.FromSeconds(2));
        await using var other = await SecuredReplica.Start(3, _authority.Replica(3));
        Assert.Contains("shows the certificate of replica 9", (await other.FailWith(called)).Error, StringComparison.Ordinal);
        Assert.True((await caller.SyncWith(called)).IsSuccess);
    }

    private static void Write(TestDirectory directory, RpcCertificates certificates)
    {
        Honu.Grpc.Tests.Certificates.WritePem(directory.Combine("ca.pem"), certificates.Roots!);
        Honu.Grpc.Tests.Certificates.WriteKey(directory.Combine("node.key"), certificates.Certificate!);
        Honu.Grpc.Tests.Certificates.WritePem(directory.Combine("node.pem"), certificates.Certificate!);
    }
}

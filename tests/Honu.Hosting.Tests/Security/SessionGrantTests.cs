using Honu.Replication;

namespace Honu.Hosting.Tests.Security;

/// <summary>What grants make of sessions between real replicas over mutual TLS: what is told, what is taken, and what somebody else's writes are worth.</summary>
public sealed class SessionGrantTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task Session_WithAPeerThatMayNotReadANamespace_TellsNothingOfIt()
    {
        await using var a = await Start(1, new AccessRule { Namespaces = ["open*"], Read = ["replica:*"], Write = ["replica:*"] });
        await using var b = await Start(2);
        a.Put("open-1", "k");
        a.Put("secret", "k");

        var fromB = await b.SyncWith(a);
        var fromA = await a.SyncWith(b);

        Assert.Equal(SyncOutcome.Completed, fromB.Outcome);
        Assert.Equal(SyncOutcome.Equal, fromA.Outcome);
        Assert.True(b.Has("open-1", "k"));
        Assert.DoesNotContain("secret", b.Store.Namespaces);
    }

    [Fact]
    public async Task Session_WithAPeerThatHasANamespaceOfThatName_KeepsBothApart()
    {
        await using var a = await Start(1, new AccessRule { Namespaces = ["open"], Read = ["*"], Write = ["*"] });
        await using var b = await Start(2);
        a.Put("secret", "of-a");
        b.Put("secret", "of-b");
        b.Put("open", "k");

        await b.SyncWith(a);
        await a.SyncWith(b);

        Assert.False(b.Has("secret", "of-a"));
        Assert.False(a.Has("secret", "of-b"));
        Assert.True(a.Has("open", "k"));
    }

    [Fact]
    public async Task Session_WithAPeerThatMayReadNothing_IsRefusedAndBothLogsSayWhy()
    {
        await using var a = await Start(1, new AccessRule { Namespaces = ["*"], Read = ["replica:9"], Write = ["replica:9"] });
        await using var b = await Start(2);
        a.Put("n", "k");

        var report = await b.FailWith(a);

        Assert.Equal(SyncOutcome.Refused, report.Outcome);
        await a.Log.WaitFor("Refused", "replica 2 may read no namespace of replica 1");
        await b.Log.WaitFor("Refused", "replica 2 may read no namespace of replica 1");
        Assert.Equal(SyncOutcome.Refused, (await a.FailWith(b)).Outcome);
    }

    [Fact]
    public async Task Session_WithAReader_GivesItEverythingAndTakesNothing()
    {
        await using var a = await Start(1, new AccessRule { Namespaces = ["n"], Read = ["replica:2"] });
        await using var b = await Start(2);
        a.Put("n", "k");

        Assert.True((await b.SyncWith(a)).IsSuccess);
        Assert.True(b.Has("n", "k"));
        b.Put("n", "own");
        var report = await b.FailWith(a);

        Assert.Equal(SyncOutcome.Refused, report.Outcome);
        await a.Log.WaitFor("Refused", "replica 2 has written to namespace \"n\"");
        await b.Log.WaitFor("Refused", "replica 2 has written to namespace \"n\"");
        Assert.False(a.Has("n", "own"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Session_ThatBringsWritesOfAReplicaWithoutGrant_IsRefusedAsAWhole(bool relayBegins)
    {
        await using var a = await Start(1);
        await using var b = await Start(2);
        await using var c = await Start(3, new AccessRule { Namespaces = ["n"], Read = ["replica:1", "replica:2"], Write = ["replica:2"] });
        b.Put("n", "of-b");
        a.Put("n", "of-a");
        await a.SyncWith(b);
        Assert.True(b.Has("n", "of-a"));

        var report = relayBegins ? await b.FailWith(c) : await c.FailWith(b);

        Assert.Equal(SyncOutcome.Refused, report.Outcome);
        Assert.False(c.Has("n", "of-a"));
        Assert.False(c.Has("n", "of-b"), "a part of the stream was applied");
        await b.Log.WaitFor("Refused", "replica 2 brings a write of replica 1");
        await c.Log.WaitFor("Refused", "replica 2 brings a write of replica 1");
    }

    [Fact]
    public async Task Session_ThatRelaysWritesOfAReplicaWithGrant_Exchanges()
    {
        await using var a = await Start(1);
        await using var b = await Start(2);
        await using var c = await Start(3, new AccessRule { Namespaces = ["n"], Read = ["*"], Write = ["replica:1", "replica:2"] });
        a.Put("n", "of-a");
        await a.SyncWith(b);

        await c.SyncWith(b);

        Assert.True(c.Has("n", "of-a"));
    }

    [Fact]
    public async Task Session_WithoutCertificates_IsHeldUnderGrantsByWhoThePeerSaysThatItIs()
    {
        var grants = new AccessGrants([new AccessRule { Namespaces = ["open"], Read = ["replica:2"], Write = ["replica:2"] }]);
        await using var a = await SecuredReplica.Start(1, certificates: null, grants: grants);
        await using var b = await SecuredReplica.Start(2, certificates: null);
        await using var d = await SecuredReplica.Start(4, certificates: null);
        a.Put("open", "k");
        a.Put("secret", "k");

        await b.SyncWith(a);

        Assert.True(b.Has("open", "k"));
        Assert.DoesNotContain("secret", b.Store.Namespaces);
        Assert.Equal(SyncOutcome.Refused, (await d.FailWith(a)).Outcome);
        Assert.Contains("does not know who answers", (await a.FailWith(d)).Error, StringComparison.Ordinal);
        await a.Log.WaitFor("peers are not proven by certificates");
    }

    private Task<SecuredReplica> Start(uint pid, params AccessRule[] rules) =>
        SecuredReplica.Start(pid, _authority.Replica(pid), grants: rules.Length == 0 ? null : new AccessGrants(rules));
}

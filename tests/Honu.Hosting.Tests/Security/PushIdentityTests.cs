using Google.Protobuf;
using Honu.Grpc;
using Honu.Hosting.Protocol.Replication;
using Honu.Replication;
using Honu.Replication.Tests.Rumors;
using Honu.TestKit;
using Microsoft.AspNetCore.Http;
using Outcome = Honu.Replication.Messages.RumorAnswer.Types.Outcome;

namespace Honu.Hosting.Tests.Security;

/// <summary>Rumors over mutual TLS: who is believed, and who is told.</summary>
public sealed class PushIdentityTests : IDisposable
{
    // Sessions are an hour apart: what arrives at once came by rumors.
    private static readonly HonuReplicaOptions Relay = new() { Dissemination = Dissemination.RegionRelay, Interval = TimeSpan.FromHours(1) };

    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task Push_OfReplicasOfTheCluster_IsSeenByAll()
    {
        await using var neighbour = await Start(2, "west");
        await using var far = await Start(3, "east");
        await using var writer = await Start(1, "west", neighbour, far);
        await writer.SyncWith(neighbour);
        await writer.SyncWith(far);
        var before = (await Rumors(neighbour)).Received + (await Rumors(far)).Received;

        await Write(writer, "k", neighbour, far);

        var after = (await Rumors(neighbour)).Received + (await Rumors(far)).Received;
        Assert.True(after >= before + 2, $"{before} rumors were received before the write, {after} after it.");
        Assert.DoesNotContain(writer.Log.Lines.Concat(far.Log.Lines), static line => line.Event.Id is >= 3100 and < 3200);
    }

    [Theory]
    [InlineData("replica", "replica 2 shows the certificate of replica 3 of cluster \"c\"")]
    [InlineData("cluster", "replica 2 shows the certificate of replica 2 of cluster \"d\"")]
    [InlineData("client", "names no replica (honu://CLUSTER/PID): client:alice")]
    public async Task Push_WithTheCertificateOfSomebodyElse_IsForbidden(string whose, string expected)
    {
        await using var target = await Start(1, "west");
        await using var met = await Start(2, "west");
        await met.SyncWith(target);
        var certificates = whose switch
        {
            "replica" => _authority.Replica(3),
            "cluster" => _authority.Replica(2, "d"),
            _ => _authority.Client("alice"),
        };
        using var channel = RpcChannel.ForAddress($"https://{target.Address}", new RpcChannelOptions { Tls = new RpcClientTlsOptions { Certificates = certificates } });
        var batch = HostileRumors.Good(met.Store.Identity.Replica, ByteString.CopyFrom(new byte[8]), (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() << 16);

        var answer = await Guard.Within(new Gossip.GossipClient(channel).PushAsync(batch).ResponseAsync);

        Assert.Equal(Outcome.Forbidden, answer.Outcome);
        Assert.Contains(expected, answer.Message, StringComparison.Ordinal);
        Assert.False(target.Has("default", "hostile"));
    }

    // Where the relay was, somebody answers with a certificate of its own, and never says who it is in a session.
    [Fact]
    public async Task Push_ToARelayWhoseCertificateNamesAnother_IsNotMade()
    {
        var sessionOpened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var pushes = 0;
        await using var relay = await Start(2, "east");
        await using var writer = await Start(1, "west", relay);
        await writer.SyncWith(relay);
        await Write(writer, "before", relay);
        await relay.Stop();
        await using var other = await SecuredReplica.Start(7, _authority.Replica(7), port: relay.Port, before: Listen);

        writer.Put("default", "after");
        await Guard.Within(sessionOpened.Task);
        var retries = (await Rumors(writer)).Retries;
        await Wait.Until(async () => Volatile.Read(ref pushes) > 0 || (await Rumors(writer)).Retries >= retries + 5, "the writer tries again");
        await writer.Stop();

        Assert.Equal(0, pushes);

        async Task Listen(HttpContext http, RequestDelegate next)
        {
            if (http.Request.Path.Value?.EndsWith("/Push", StringComparison.Ordinal) == true)
                Interlocked.Increment(ref pushes);
            if (http.Request.Path.Value?.EndsWith("/Session", StringComparison.Ordinal) != true)
            {
                await next(http);
                return;
            }

            sessionOpened.TrySetResult();
            var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var _ = http.RequestAborted.Register(gone.SetResult);
            await gone.Task;
        }
    }

    private Task<SecuredReplica> Start(uint pid, string region, params SecuredReplica[] peers) =>
        SecuredReplica.Start(pid, _authority.Replica(pid), region: region, replica: Relay with { Peers = [.. peers.Select(static peer => peer.Address)] });

    private static async Task Write(SecuredReplica writer, string key, params SecuredReplica[] readers)
    {
        var seen = readers.Select(reader => Wait.ForChange(reader.Store, key)).ToList();
        writer.Put("default", key);
        await Guard.Within(Task.WhenAll(seen));
    }

    private static async Task<RumorsStatus> Rumors(SecuredReplica replica) => (await Guard.Within(replica.Host.GetStatusAsync(CancellationToken.None))).Rumors!;
}

using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Honu.Hosting.Protocol.Replication;
using Honu.Replication;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Rumors;
using Honu.TestKit;
using Outcome = Honu.Replication.Messages.RumorAnswer.Types.Outcome;

namespace Honu.Hosting.Tests.Hostile;

/// <summary>Attacks by pushes of rumors, of a replica that the target has met.</summary>
internal static class PushCases
{
    private static readonly Marshaller<byte[]> Raw = Marshallers.Create(static (byte[] bytes) => bytes, static bytes => bytes);
    private static readonly Method<byte[], byte[]> RawPush = new(MethodType.Unary, "honu.replication.v1.Gossip", "Push", Raw, Raw);

    public static IEnumerable<HostileCase> All =>
    [
        .. HostileRumors.All.Where(static rumor => !rumor.IsTaken).Select(static rumor => Push(rumor.Name, $"{rumor.Expected}", peer =>
        {
            var batch = Good(peer);
            rumor.Spoil(batch, peer.Target.Store.Identity.Replica);
            return Send(peer, batch);
        })),
        Push("garbage", "gRPC Internal|gRPC InvalidArgument", static peer => SendRaw(peer, HostilePeer.Random(1000).ToByteArray())),
        Push("16 MiB", "gRPC ResourceExhausted", static peer => SendRaw(peer, new byte[16 << 20])),
        Push("a thousand of a stranger at once", $"{Outcome.NotIntroduced}|{Outcome.Busy}", static async peer =>
        {
            var batch = Good(peer);
            batch.Sender = new ReplicaId(99, 1).ToUInt64();
            var client = new Gossip.GossipClient(peer.Channel);
            var answers = await Guard.Within(Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => client.PushAsync(batch).ResponseAsync)));
            Assert.All(answers, static answer => Assert.True(answer.Outcome is Outcome.NotIntroduced or Outcome.Busy, $"{answer}"));
            peer.Ended = $"{answers[0].Outcome}";
        }),
        Push("to one that takes none", $"{Outcome.Unsupported}", static peer => Send(peer, Good(peer))) with { Dissemination = Dissemination.Sessions },
    ];

    /// <summary>A batch that the target takes, once it has met the peer.</summary>
    public static RumorBatch Good(HostilePeer peer)
    {
        byte[] introduced = [.. HostilePeer.StoreIdOf(peer.Self.Pid).ToByteArray(bigEndian: true), (byte)VersionClock.Hybrid, .. Encoding.UTF8.GetBytes(peer.Target.Store.Identity.Cluster)];
        return HostileRumors.Good(peer.Self, ByteString.CopyFrom(SHA256.HashData(introduced), 0, 8), HostilePeer.Now);
    }

    /// <summary>Lets the target meet the peer, so that it is no stranger.</summary>
    public static async Task Introduce(HostileTarget target)
    {
        using var peer = new HostilePeer(target);
        await peer.Probe();
    }

    /// <summary>Pushes, and takes the answer for the end.</summary>
    public static async Task Send(HostilePeer peer, RumorBatch batch) =>
        peer.Ended = $"{(await Guard.Within(new Gossip.GossipClient(peer.Channel).PushAsync(batch).ResponseAsync)).Outcome}";

    private static HostileCase Push(string name, string expected, Func<HostilePeer, Task> attack) =>
        new($"push: {name}", expected, attack) { Before = Introduce, Dissemination = Dissemination.RegionRelay };

    private static async Task SendRaw(HostilePeer peer, byte[] message)
    {
        using var call = peer.Channel.CreateCallInvoker().AsyncUnaryCall(RawPush, host: null, default, message);
        var error = await Assert.ThrowsAsync<RpcException>(() => Guard.Within(call.ResponseAsync));
        peer.Ended = $"gRPC {error.StatusCode}";
    }
}

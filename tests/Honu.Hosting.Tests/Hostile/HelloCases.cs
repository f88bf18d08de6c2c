using Google.Protobuf;
using Grpc.Core;
using Honu.Replication.Messages;
using Honu.TestKit;

namespace Honu.Hosting.Tests.Hostile;

/// <summary>Attacks before and by the first message, and below messages.</summary>
internal static class HelloCases
{
    private static readonly Method<byte[], byte[]> RawSession = new(MethodType.DuplexStreaming, "honu.replication.v1.Gossip", "Session", Marshallers.Create(static (byte[] b) => b, static b => b), Marshallers.Create(static (byte[] b) => b, static b => b));

    public static IEnumerable<HostileCase> All =>
    [
        Hello("pid of another store", "Identity", static hello => hello.Replica = new ReplicaId(HostileTarget.SeedPid, 1).ToUInt64()),
        Hello("pid of the target with another store", "Identity", static hello => hello.Replica = new ReplicaId(HostileTarget.Pid, 1).ToUInt64()),
        Hello("pid 0", "Malformed", static hello => hello.Replica = new ReplicaId(0, 1).ToUInt64()),
        Hello("wrong cluster", "Cluster", static hello => hello.Cluster = "another"),
        Hello("wrong clock", "Clock", static hello => hello.Clock = (uint)VersionClock.Lamport),
        Hello("unknown clock", "Clock", static hello => hello.Clock = uint.MaxValue),
        Hello("no common protocol", "Protocol", static hello => hello.ProtocolMin = hello.ProtocolMax = 99),
        Hello("another value limit", "Protocol", static hello => hello.MaxValueBytes = int.MaxValue),
        Hello("100,000 subscriptions", "Malformed", static hello => hello.Subscriptions.Add(Enumerable.Range(0, 100_000).Select(static i => $"s{i}"))),
        Hello("100,000 namespaces", "Malformed", static hello => hello.Namespaces.Add(Enumerable.Range(0, 100_000).Select(static i => HostilePeer.Summary($"n{i}")))),
        Hello("a namespace twice", "Malformed", static hello => hello.Namespaces.Add(HostilePeer.Summary(HostilePeer.Ns))),
        Hello("an address that is none", "Malformed", static hello => hello.Address = "\r\nnowhere"),
        new("a message without a body", "Malformed", static peer => peer.Send(new SessionMessage())),
        new("Hello twice", "Malformed", static async peer =>
        {
            await peer.Open();
            await peer.Send(peer.Hello());
        }),
        new("a refusal of an unknown kind", "closed", static async peer =>
        {
            await peer.Open();
            await peer.Send(new SessionMessage { Refusal = new Refusal { Reason = (Refusal.Types.Reason)12345, Message = "?" } });
        }),
        new("garbage in place of a message", "gRPC Internal|gRPC InvalidArgument", static peer => SendRaw(peer, HostilePeer.Random(1000).ToByteArray())),
        new("a message of 16 MiB", "gRPC ResourceExhausted", static peer => SendRaw(peer, new byte[16 << 20])),
        new("nothing after connecting", "Retry", static _ => Task.CompletedTask),
        new("nothing after Hello", "Retry", static peer => peer.Send(peer.Hello())),
        new("one byte per second", "Retry", static peer => Trickle(peer)),
        new("100 sessions at once", "Retry", static peer => Crowd(peer)),
    ];

    private static HostileCase Hello(string name, string expected, Action<Hello> change) => new(name, expected, peer => peer.Send(peer.Hello(change)));

    // Its end is noted in place of the peer's own call, which has not begun to speak.
    private static async Task SendRaw(HostilePeer peer, byte[] message)
    {
        using var call = peer.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(RawSession, host: null, default);
        try
        {
            try
            {
                await Guard.Within(call.RequestStream.WriteAsync(message));
            }
            catch (InvalidOperationException)
            {
                // The call is over already: how, its status tells.
            }

            await Guard.Within(call.ResponseStream.MoveNext(CancellationToken.None));
        }
        catch (RpcException error)
        {
            peer.Ended = $"gRPC {error.StatusCode}";
        }
    }

    private static async Task Trickle(HostilePeer peer)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{peer.Target.Address}/honu.replication.v1.Gossip/Session")
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new TrickledContent(new SessionMessage { Hello = peer.Hello() }.ToByteArray()),
        };
        using var response = await Guard.Within(http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
        using var body = await Guard.Within(response.Content.ReadAsStreamAsync());
        var prefix = new byte[5];
        await Guard.Within(body.ReadExactlyAsync(prefix));
        var message = new byte[System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(prefix.AsSpan(1))];
        await Guard.Within(body.ReadExactlyAsync(message));
        peer.Ended = $"{SessionMessage.Parser.ParseFrom(message).Refusal?.Reason}";
    }

    // Those beyond the limit are told to come back.
    private static async Task Crowd(HostilePeer peer)
    {
        var crowd = Enumerable.Range(0, 100).Select(_ => new HostilePeer(peer.Target)).ToList();
        try
        {
            var ends = crowd.Select(static one => one.End()).ToList();
            peer.Ended = await Guard.Within(await Guard.Within(Task.WhenAny(ends)));
            Assert.All(await Guard.Within(Task.WhenAll(ends)), static end => Assert.Equal("Retry", end));
        }
        finally
        {
            crowd.ForEach(static one => one.Dispose());
        }
    }

    private sealed class TrickledContent : HttpContent
    {
        private readonly byte[] _bytes;

        public TrickledContent(byte[] message)
        {
            _bytes = new byte[message.Length + 5];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(1), message.Length);
            message.CopyTo(_bytes, 5);
            Headers.TryAddWithoutValidation("content-type", "application/grpc");
        }

        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context, CancellationToken cancellationToken)
        {
            using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
            foreach (var one in _bytes)
            {
                await stream.WriteAsync(new[] { one }, cancellationToken);
                await stream.FlushAsync(cancellationToken);
                await second.WaitForNextTickAsync(cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Honu.Format;
using Honu.Grpc;
using Honu.Hosting.Protocol.Replication;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Applying;
using Honu.TestKit;

namespace Honu.Hosting.Tests.Hostile;

/// <summary>A peer that says whatever a test wants, over real gRPC, to one target. Unless told otherwise it calls itself replica 9 of the target's cluster.</summary>
internal sealed class HostilePeer : IDisposable
{
    public const string Ns = HostileTarget.Ns;
    public const uint Pid = 9;

    private readonly RpcChannel _channel;
    private readonly List<SessionMessage> _received = [];
    private readonly AsyncDuplexStreamingCall<SessionMessage, SessionMessage> _call;

    public HostilePeer(HostileTarget target)
    {
        Target = target;
        _channel = RpcChannel.ForAddress($"http://{target.Address}", new RpcChannelOptions { MaxReceiveMessageBytes = 256 << 20 });
        _call = new Gossip.GossipClient(_channel).Session();
    }

    public HostileTarget Target { get; }

    public ReplicaId Self { get; set; } = new(Pid, 7);

    /// <summary>How it ended, where that was seen elsewhere than in this peer's own call.</summary>
    public string? Ended { get; set; }

    public RpcChannel Channel => _channel;

    public IReadOnlyList<SessionMessage> Received => _received;

    /// <summary>A scalar of the present.</summary>
    public static ulong Now => (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() << 16;

    public static Guid StoreIdOf(uint pid) => new(SHA256.HashData(BitConverter.GetBytes(pid)).AsSpan(0, 16));

    /// <summary>A Hello that the target accepts, with something in the default namespace that differs.</summary>
    public Hello Hello(Action<Hello>? change = null)
    {
        var hello = new Hello
        {
            ProtocolMin = 1,
            ProtocolMax = 1,
            Cluster = "c",
            StoreId = Bytes(StoreIdOf(Self.Pid)),
            Incarnation = Bytes(StoreIdOf(Self.Pid + 1000)),
            Replica = Self.ToUInt64(),
            Clock = (uint)VersionClock.Hybrid,
            MaxValueBytes = HostileTarget.MaxValueBytes,
            WindowBytes = 4 << 20,
            Run = Bytes(StoreIdOf(Self.Pid + 2000)),
            Session = Random(8),
        };
        hello.Namespaces.Add(Summary(Ns));
        change?.Invoke(hello);
        return hello;
    }

    public static NamespaceSummary Summary(string name) => new() { Name = name, Summary = Random(16) };

    /// <summary>Sends; <see langword="false"/> when the target takes nothing any more.</summary>
    public async Task<bool> Send(SessionMessage message)
    {
        try
        {
            await Guard.Within(_call.RequestStream.WriteAsync(message));
            return true;
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException or OperationCanceledException)
        {
            // The target has ended the call: how, its answers tell.
            return false;
        }
    }

    public Task<bool> Send(Hello hello) => Send(new SessionMessage { Hello = hello });

    public Task<bool> Send(Chunk chunk) => Send(new SessionMessage { Chunk = chunk });

    public Task<bool> Send(Vectors vectors) => Send(new SessionMessage { Vectors = vectors });

    /// <summary>Says Hello and what the default namespace holds, so that streams may follow. Waits for the target's own.</summary>
    public async Task<Hello> Open(VersionVector? vector = null, Action<Hello>? change = null)
    {
        await Send(Hello(change));
        var theirs = (await Next(SessionMessage.BodyOneofCase.Hello)).Hello;
        await Next(SessionMessage.BodyOneofCase.Vectors);
        if (vector is not null)
            await Send(VectorsOf(Ns, vector.ToArray()));
        return theirs;
    }

    /// <summary>Says Hello with exactly the summaries that the target has just told in a session of its own, so that nothing differs.</summary>
    public async Task<Hello> OpenEqual(bool verify)
    {
        var known = await Probe();
        await Send(Hello(hello =>
        {
            hello.Verify = verify;
            hello.Namespaces.Clear();
            hello.Namespaces.Add(known.Namespaces);
        }));
        return (await Next(SessionMessage.BodyOneofCase.Hello)).Hello;
    }

    /// <summary>What the target says of itself to anybody who asks.</summary>
    public async Task<Hello> Probe()
    {
        using var scout = new HostilePeer(Target) { Self = Self };
        await scout.Send(Hello());
        return (await scout.Next(SessionMessage.BodyOneofCase.Hello)).Hello;
    }

    public static Vectors VectorsOf(string ns, byte[] vector)
    {
        var vectors = new Vectors();
        vectors.Namespaces.Add(new NamespaceVector { Name = ns, Vector = ByteString.CopyFrom(vector) });
        return vectors;
    }

    public static VersionVector Vector(ReplicaId replica, ulong high)
    {
        var vector = new VersionVector();
        vector.Advance(replica, high);
        return vector;
    }

    /// <summary>A chunk as a good peer would begin and end a stream with.</summary>
    public Chunk ChunkOf(VersionVector target, params RecordBuilder[] records) => new()
    {
        Namespace = Ns,
        Target = ByteString.CopyFrom(target.ToArray()),
        Records = ByteString.CopyFrom(RecordBuilder.Block(records)),
        Last = true,
    };

    /// <summary>A record whose checksum is right, whatever the rest is, as a block of its own.</summary>
    public static byte[] RawBlock(string key, byte[] value, VersionId version)
    {
        var keyBytes = System.Text.Encoding.UTF8.GetBytes(key);
        var record = new RecordWriter().Write(keyBytes, value, RecordChecksum.OfValue(value), isTombstone: false, version, default, CausalContext.Empty, version.Replica, default).ToArray();
        var block = new List<byte> { (byte)keyBytes.Length };
        block.AddRange(keyBytes);
        block.AddRange(Varint((uint)record.Length));
        block.AddRange(record);
        return [.. block];
    }

    public static byte[] Varint(uint value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    /// <summary>The next message of a kind; those before it are kept. Fails when the session ends before.</summary>
    public async Task<SessionMessage> Next(SessionMessage.BodyOneofCase kind)
    {
        while (await Guard.Within(_call.ResponseStream.MoveNext(CancellationToken.None)))
        {
            var message = _call.ResponseStream.Current;
            _received.Add(message);
            if (message.BodyCase == kind)
                return message;
        }

        throw new EndOfStreamException($"The target ended the session without {kind}; it said: {string.Join("; ", _received)}");
    }

    /// <summary>Listens until the target has said why the session is over.</summary>
    /// <returns>The reason of its refusal, how the call ended, or <c>completed</c>.</returns>
    public async Task<string> End()
    {
        if (Ended is not null)
            return Ended;
        try
        {
            while (await Guard.Within(_call.ResponseStream.MoveNext(CancellationToken.None)))
            {
                _received.Add(_call.ResponseStream.Current);
                if (_call.ResponseStream.Current.Refusal is { } refusal)
                    return $"{refusal.Reason}";
            }

            return _received.LastOrDefault(static message => message.BodyCase == SessionMessage.BodyOneofCase.Refusal)?.Refusal.Reason.ToString()
                ?? (_received.Exists(static message => message.BodyCase == SessionMessage.BodyOneofCase.Complete) ? "completed" : "closed");
        }
        catch (RpcException error)
        {
            return $"gRPC {error.StatusCode}";
        }
    }

    public Task CloseSending() => Guard.Within(_call.RequestStream.CompleteAsync());

    public static ByteString Random(int length) => ByteString.CopyFrom(RandomNumberGenerator.GetBytes(length));

    public static ByteString Bytes(Guid id) => ByteString.CopyFrom(id.ToByteArray(bigEndian: true));

    public void Dispose()
    {
        _call.Dispose();
        _channel.Dispose();
    }
}

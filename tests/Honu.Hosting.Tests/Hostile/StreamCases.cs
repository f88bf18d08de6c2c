using System.Buffers.Binary;
using Google.Protobuf;
using Honu.Replication;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Applying;

namespace Honu.Hosting.Tests.Hostile;

/// <summary>Attacks by vectors, streams and their ends.</summary>
internal static class StreamCases
{
    private static readonly ReplicaId Liar = new(HostilePeer.Pid, 7);

    public static IEnumerable<HostileCase> All =>
    [
        Vector("scalar 2^64-1 in a vector", Poisoned(ulong.MaxValue)),
        Vector("10^6 origins in a vector", [0xFF, 0xFF, .. new byte[17_000_000 / 4]]),
        Vector("65,535 origins in a vector", [0xFF, 0xFF, .. new byte[65_535 * 17]]),
        new("Vectors twice", "Malformed", static async peer =>
        {
            await peer.Open(new VersionVector());
            await peer.Send(HostilePeer.VectorsOf(HostilePeer.Ns, new VersionVector().ToArray()));
        }),
        new("vector of a namespace that nobody named", "Malformed", static async peer =>
        {
            await peer.Open();
            for (var i = 0; i < 40; i++)
                await peer.Send(HostilePeer.VectorsOf($"other {i}", new VersionVector().ToArray()));
        }),
        new("cursor beyond every version", "Malformed", static async peer =>
        {
            await peer.Open();
            var vectors = HostilePeer.VectorsOf(HostilePeer.Ns, new VersionVector().ToArray());
            vectors.Namespaces[0].Resume = new Resume { Target = vectors.Namespaces[0].Vector, Scalar = ulong.MaxValue, Replica = 1 };
            await peer.Send(vectors);
        }),
        Chunk("scalar 2^64-1 in a record", static _ => new Chunk { Target = TargetBytes(), Records = Block(ulong.MaxValue), Last = true }),
        Chunk("scalar two days ahead in a record", static _ => new Chunk { Target = TargetBytes(), Records = Block(Ahead), Last = true }),
        Chunk("record of replica 0", static _ => new Chunk { Target = TargetBytes(), Records = ByteString.CopyFrom(HostilePeer.RawBlock("k", [1], new VersionId(HostilePeer.Now, new ReplicaId(0, 1)))), Last = true }),
        Chunk("scalar 2^64-1 in a target", static _ => new Chunk { Target = ByteString.CopyFrom(Poisoned(ulong.MaxValue)), Last = true }),
        Chunk("scalar two days ahead in a target", static _ => new Chunk { Target = ByteString.CopyFrom(HostilePeer.Vector(Liar, Ahead).ToArray()), Last = true }),
        Chunk("scalar 2^64-1 in a base", static _ => new Chunk { Target = TargetBytes(), Base = ByteString.CopyFrom(Poisoned(ulong.MaxValue)), Last = true }),
        Chunk("scalar 2^64-1 in a frontier", static _ => Full(ByteString.CopyFrom(Poisoned(ulong.MaxValue)), 0)),
        Chunk("frontier two days ahead", static _ => Full(ByteString.CopyFrom(HostilePeer.Vector(Liar, Ahead).ToArray()), 0)),
        Chunk("purge mark 2^64-1", static _ => Full(TargetBytes(), ulong.MaxValue)),
        Chunk("purge mark two days ahead", static _ => Full(ByteString.CopyFrom(HostilePeer.Vector(Liar, Ahead).ToArray()), Ahead)),
        Chunk("purge mark above the frontier", static _ => Full(TargetBytes(5), HostilePeer.Now)),
        Chunk("10^6 origins in a target", static _ => new Chunk { Target = ByteString.CopyFrom([0xFF, 0xFF, .. new byte[4_000_000]]), Last = true }),
        Chunk("negative length in a block", static _ => new Chunk { Target = TargetBytes(), Records = ByteString.CopyFrom(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01), Last = true }),
        Chunk("length of 4 GiB in a block", static _ => new Chunk { Target = TargetBytes(), Records = ByteString.CopyFrom([.. HostilePeer.Varint(uint.MaxValue), 1, 2, 3]), Last = true }),
        Chunk("key of 5,000 bytes", static _ => new Chunk { Target = TargetBytes(), Records = ByteString.CopyFrom([.. HostilePeer.Varint(5000), .. new byte[5000], 1, 0]), Last = true }),
        Chunk("record with a wrong checksum", static _ => new Chunk { Target = TargetBytes(), Records = Flipped(Block(HostilePeer.Now)), Last = true }),
        Chunk("a good record before a bad one", static _ => new Chunk { Target = TargetBytes(), Records = ByteString.CopyFrom([.. Block(HostilePeer.Now).Span, .. Flipped(Block(HostilePeer.Now)).Span]), Last = true }),
        Chunk("chunk of another namespace", static chunk => new Chunk { Namespace = "elsewhere", Target = TargetBytes(), Records = Block(HostilePeer.Now), Last = true }),
        Chunk("chunk outside of a stream", static _ => new Chunk { Records = Block(HostilePeer.Now), Last = true }),
        Chunk("stream without a position", static _ => new Chunk { Target = TargetBytes(), Records = ByteString.Empty }),
        Chunk("resumed full stream without a cursor", static _ => new Chunk { Target = TargetBytes(), Full = true, Resumed = true, Last = true }),
        Chunk("speculative full stream", static _ => new Chunk { Target = TargetBytes(), Full = true, Speculative = true, Last = true }),
        new("chunks that go back", "Malformed", static async peer =>
        {
            await peer.Open(new VersionVector());
            foreach (var position in new ulong[] { 5, 4 })
                await peer.Send(new Chunk { Namespace = HostilePeer.Ns, Target = position == 5 ? TargetBytes() : ByteString.Empty, PositionReplica = Liar.ToUInt64(), PositionScalar = position });
        }),
        new("a value longer than allowed", "completed", static async peer =>
        {
            var theirs = await peer.Open(new VersionVector());
            var version = new VersionId(HostilePeer.Now, Liar);
            await peer.Send(new Chunk { Namespace = HostilePeer.Ns, Target = TargetBytes(5), Records = ByteString.CopyFrom(HostilePeer.RawBlock("big", new byte[HostileTarget.MaxValueBytes + 1], version)), Last = true });
            await Complete(peer, theirs, 1);
        }) { Ignoring = static state => OnlyObjects(state) },
        new("full stream that would delete everything", "Operator", static async peer =>
        {
            await peer.Open(new VersionVector());
            var target = peer.Target.Store.Replication.State(HostilePeer.Ns).Vector;
            await peer.Send(new Chunk { Namespace = HostilePeer.Ns, Target = ByteString.CopyFrom(target.ToArray()), Frontier = ByteString.CopyFrom(target.ToArray()), PurgeMark = 1, Full = true, Last = true });
        }) { Objects = 1500 },
        Ending("Complete with a wrong count", static (complete, _) => complete.Objects = 17),
        Ending("Complete with a count of 2^64-1", static (complete, _) => complete.Objects = ulong.MaxValue),
        Ending("Complete of another session", static (complete, _) => complete.Session = HostilePeer.Random(8)),
        Ending("heartbeats of the year 10,000", static (complete, _) => complete.Heartbeats = ByteString.CopyFrom([.. new byte[8], .. BitConverter.GetBytes(ulong.MaxValue)])),
        Ending("heartbeats that are cut off", static (complete, _) => complete.Heartbeats = HostilePeer.Random(17)),
        new("Complete before its streams", "Malformed", static async peer =>
        {
            var theirs = await peer.Open(new VersionVector());
            await peer.Send(new SessionMessage { Complete = new Complete { Session = theirs.Session } });
        }),
        new("Acknowledged before Complete", "Malformed", static async peer =>
        {
            await peer.Open(new VersionVector());
            await peer.Send(new SessionMessage { Acknowledged = HostilePeer.VectorsOf(HostilePeer.Ns, new VersionVector().ToArray()) });
        }),
        new("acknowledges more than there is", "completed", static async peer =>
        {
            var theirs = await peer.Open(new VersionVector());
            await peer.Send(new Chunk { Namespace = HostilePeer.Ns, Target = ByteString.CopyFrom(new VersionVector().ToArray()), Last = true });
            var more = new Vectors();
            var claim = HostilePeer.Vector(ReplicaId.FromUInt64(theirs.Replica), StoreLimits.MaxScalar);
            claim.Advance(new ReplicaId(77, 1), StoreLimits.MaxScalar);
            more.Namespaces.Add(new NamespaceVector { Name = HostilePeer.Ns, Durable = ByteString.CopyFrom(claim.ToArray()) });
            await Complete(peer, theirs, 0, more);
        }),
        Endless("endless Credit of nothing", static _ => new SessionMessage { Credit = new Credit() }),
        Endless("endless announcements", static _ => new SessionMessage { AnnouncedBytes = 1000 }),
        Endless("endless empty chunks", static i => Positioned(i, ByteString.Empty)),
        new("endless chunks of a known record", "Malformed", static async peer =>
        {
            await peer.Open(new VersionVector());
            using var snapshot = peer.Target.Store.Replication.CreateSnapshot();
            var block = new Format.RecordBlockWriter();
            snapshot.ReadUncovered(HostilePeer.Ns, new VersionVector(), default, block, 1, 1);
            var known = ByteString.CopyFrom(block.Bytes.Span);
            for (uint i = 1; i < 20_000 && await peer.Send(Positioned(i, known)); i++)
            {
            }
        }),
        new("announces 2 GiB", "Malformed", static async peer =>
        {
            await peer.Open(new VersionVector());
            await peer.Send(new SessionMessage { AnnouncedBytes = int.MaxValue });
        }),
        new("forbidden namespace", "Forbidden", static async peer =>
        {
            await peer.Open(new VersionVector());
            await peer.Send(peer.ChunkOf(HostilePeer.Vector(Liar, HostilePeer.Now), new RecordBuilder("k").At(HostilePeer.Now, HostilePeer.Pid)));
        }) { Grants = Granted },
        new("write of another replica that may not write", "Forbidden", static async peer =>
        {
            peer.Self = new ReplicaId(8, 7);
            await peer.Open(new VersionVector());
            await peer.Send(peer.ChunkOf(HostilePeer.Vector(Liar, HostilePeer.Now), new RecordBuilder("k").At(HostilePeer.Now, HostilePeer.Pid)));
        }) { Grants = Granted },
        new("replayed session", "Malformed", static peer => Replay(peer)) { Before = RecordSession },
        OwnWrites("claims writes of ours in a vector, again", static (peer, ours) => peer.Send(HostilePeer.VectorsOf(HostilePeer.Ns, HostilePeer.Vector(ours, HostilePeer.Now).ToArray()))) with { Before = static target => ClaimOnce(target) },
        OwnWrites("claims writes of ours in a target, again", static (peer, ours) => SendAfterVector(peer, new Chunk { Namespace = HostilePeer.Ns, Target = ByteString.CopyFrom(HostilePeer.Vector(ours, HostilePeer.Now).ToArray()), Last = true })) with { Before = static target => ClaimOnce(target) },
        OwnWrites("claims writes of ours in a record, again", static (peer, ours) => SendAfterVector(peer, new Chunk { Namespace = HostilePeer.Ns, Target = TargetBytes(), Records = ByteString.CopyFrom(HostilePeer.RawBlock("k", [1], new VersionId(HostilePeer.Now, ours))), Last = true })) with { Before = static target => ClaimOnce(target) },
        OwnWrites("claims writes of ours of the year 4000", static (peer, ours) => peer.Send(HostilePeer.VectorsOf(HostilePeer.Ns, HostilePeer.Vector(ours, StoreLimits.MaxScalar).ToArray()))),
        new("calls itself the target in another process, again", "Identity", static peer => BeTwin(peer)) { Before = static target => BeTwinOnce(target) },
    ];

    private static ulong Ahead => (ulong)DateTimeOffset.UtcNow.AddDays(2).ToUnixTimeMilliseconds() << 16;

    // Replica 9 may only read; replica 8 may write what it has written itself.
    private static AccessGrants Granted => new([new AccessRule { Namespaces = ["*"], Read = ["replica:*"], Write = ["replica:1", "replica:2", "replica:3", "replica:8"] }]);

    private static List<SessionMessage> Recorded { get; } = [];

    private static HostileCase Vector(string name, byte[] vector) => new(name, "Malformed", async peer =>
    {
        await peer.Open();
        await peer.Send(HostilePeer.VectorsOf(HostilePeer.Ns, vector));
    });

    private static HostileCase Chunk(string name, Func<Chunk?, Chunk> make) => new(name, "Malformed", async peer =>
    {
        await peer.Open(new VersionVector());
        var chunk = make(null);
        if (chunk.Namespace.Length == 0)
            chunk.Namespace = HostilePeer.Ns;
        await peer.Send(chunk);
    });

    private static HostileCase Ending(string name, Action<Complete, Hello> change) => new(name, "Malformed", async peer =>
    {
        var theirs = await peer.Open(new VersionVector());
        await peer.Send(new Chunk { Namespace = HostilePeer.Ns, Target = ByteString.CopyFrom(new VersionVector().ToArray()), Last = true });
        var complete = new Complete { Session = theirs.Session };
        change(complete, theirs);
        await peer.Send(new SessionMessage { Complete = complete });
    });

    private static HostileCase Endless(string name, Func<uint, SessionMessage> message) => new(name, "Malformed", async peer =>
    {
        await peer.Open(new VersionVector());
        for (uint i = 1; i < 20_000 && await peer.Send(message(i)); i++)
        {
        }
    });

    private static HostileCase OwnWrites(string name, Func<HostilePeer, ReplicaId, Task> claim) => new(name, "Malformed", async peer =>
    {
        var theirs = await peer.Open();
        await claim(peer, ReplicaId.FromUInt64(theirs.Replica));
    });

    private static async Task SendAfterVector(HostilePeer peer, Chunk chunk)
    {
        await peer.Send(HostilePeer.VectorsOf(HostilePeer.Ns, new VersionVector().ToArray()));
        await peer.Send(chunk);
    }

    // The first claim may be true, and is believed.
    private static async Task ClaimOnce(HostileTarget target)
    {
        var before = target.Store.Identity.Replica;
        using var peer = new HostilePeer(target);
        var theirs = await peer.Open();
        await peer.Send(HostilePeer.VectorsOf(HostilePeer.Ns, HostilePeer.Vector(ReplicaId.FromUInt64(theirs.Replica), HostilePeer.Now).ToArray()));
        Assert.Equal("Retry", await peer.End());
        Assert.NotEqual(before, target.Store.Identity.Replica);
    }

    private static async Task BeTwinOnce(HostileTarget target)
    {
        using var peer = new HostilePeer(target);
        await BeTwin(peer);
        Assert.Equal("Retry", await peer.End());
    }

    private static async Task BeTwin(HostilePeer peer)
    {
        var theirs = await peer.Probe();
        await peer.Send(peer.Hello(hello =>
        {
            hello.StoreId = theirs.StoreId;
            hello.Replica = theirs.Replica;
            hello.Incarnation = theirs.Incarnation;
            hello.Run = HostilePeer.Random(16);
        }));
    }

    // A session that was good once: an object, told and acknowledged. Then the target goes on.
    private static async Task RecordSession(HostileTarget target)
    {
        Recorded.Clear();
        var version = new VersionId(HostilePeer.Now, Liar);
        using var peer = new HostilePeer(target);
        var hello = peer.Hello();
        Recorded.Add(new SessionMessage { Hello = hello });
        await peer.Send(Recorded[^1]);
        var theirs = (await peer.Next(SessionMessage.BodyOneofCase.Hello)).Hello;
        await peer.Next(SessionMessage.BodyOneofCase.Vectors);
        Recorded.Add(new SessionMessage { Vectors = HostilePeer.VectorsOf(HostilePeer.Ns, HostilePeer.Vector(Liar, version.Scalar).ToArray()) });
        Recorded.Add(new SessionMessage { Chunk = peer.ChunkOf(HostilePeer.Vector(Liar, version.Scalar)) });
        Recorded[^1].Chunk.Records = ByteString.CopyFrom(HostilePeer.RawBlock("replayed", [1], version));
        Recorded.Add(new SessionMessage { Complete = new Complete { Objects = 1, Session = theirs.Session } });
        Recorded.Add(new SessionMessage { Acknowledged = new Vectors() });
        foreach (var message in Recorded.Skip(1))
            Assert.True(await peer.Send(message));
        await peer.CloseSending();
        Assert.Equal("completed", await peer.End());
        Assert.True(target.Store.Delete("replayed"u8, out _));
    }

    private static async Task Replay(HostilePeer peer)
    {
        foreach (var message in Recorded)
            await peer.Send(message);
    }

    private static async Task Complete(HostilePeer peer, Hello theirs, ulong objects, Vectors? acknowledged = null)
    {
        await peer.Send(new SessionMessage { Complete = new Complete { Objects = objects, Session = theirs.Session } });
        await peer.Send(new SessionMessage { Acknowledged = acknowledged ?? new Vectors() });
        await peer.CloseSending();
    }

    private static SessionMessage Positioned(uint i, ByteString records) => new()
    {
        Chunk = new Chunk { Namespace = HostilePeer.Ns, Target = i == 1 ? TargetBytes() : ByteString.Empty, Records = records, PositionReplica = Liar.ToUInt64(), PositionScalar = i },
    };

    private static Chunk Full(ByteString frontier, ulong purgeMark) => new() { Target = frontier.Length < 40 ? frontier : TargetBytes(), Frontier = frontier, PurgeMark = purgeMark, Full = true, Last = true };

    private static ByteString TargetBytes(ulong high = 100) => ByteString.CopyFrom(HostilePeer.Vector(Liar, high).ToArray());

    private static ByteString Block(ulong scalar) => ByteString.CopyFrom(HostilePeer.RawBlock("k", [1], new VersionId(scalar, Liar)));

    private static ByteString Flipped(ByteString block)
    {
        var bytes = block.ToByteArray();
        bytes[^1] ^= 1;
        return ByteString.CopyFrom(bytes);
    }

    private static byte[] Poisoned(ulong scalar)
    {
        var bytes = HostilePeer.Vector(Liar, 5).ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(10), scalar);
        return bytes;
    }




    // What cannot be held is kept in quarantine, and its version has been seen by the clock.
    private static string OnlyObjects(string state) => string.Join('\n', state.Split('\n').Where(static line => line.StartsWith("  ", StringComparison.Ordinal)));
}

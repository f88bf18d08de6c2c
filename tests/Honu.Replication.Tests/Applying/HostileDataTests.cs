using System.Buffers.Binary;
using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Sessions;
using Honu.Replication.Tests.Traces;
using Honu.TestKit;

namespace Honu.Replication.Tests.Applying;

/// <summary>Data that no healthy peer sends: it is refused with its reason, and the store stays as it was.</summary>
public sealed class HostileDataTests : IDisposable
{
    private const string Ns = HonuStore.DefaultNamespace;

    private readonly ScriptedReplica _replica = new(1, VersionClock.Hybrid);

    public void Dispose() => _replica.Dispose();

    private ulong Now => (ulong)_replica.Time.GetUtcNow().ToUnixTimeMilliseconds() << 16;

    [Theory]
    [InlineData(0, null)]
    [InlineData(59, null)]
    [InlineData(61, null)]
    [InlineData(23 * 3600, null)]
    [InlineData(25 * 3600, HonuErrorCode.MalformedRecord)]
    public void Apply_ScalarAheadOfTheClock_IsTakenDeferredOrMalformed(int secondsAhead, HonuErrorCode? expected)
    {
        var block = RecordBuilder.Block(new RecordBuilder("a").At(Now, 2), new RecordBuilder("b").At(Now + ((ulong)secondsAhead * 1000 << 16), 2));
        var before = _replica.Disk.Fingerprint();

        var error = Record.Exception(() => _replica.Store.Replication.Apply(Ns, block, cursor: null, join: null)) as HonuException;

        Assert.Equal(expected, error?.Code);
        if (expected is not null)
            Assert.Equal(before, _replica.Disk.Fingerprint());
        else
            Assert.Equal(secondsAhead > 60 ? 1 : 0, _replica.Store.Replication.State(Ns).Deferred);
    }

    [Theory]
    [InlineData(25 * 3600, false, HonuErrorCode.MalformedRecord)]
    [InlineData(25 * 3600, true, HonuErrorCode.MalformedRecord)]
    public void Join_TargetAheadOfTheClock_IsRefusedAndTheClockStays(int secondsAhead, bool inAnInterval, HonuErrorCode expected)
    {
        var target = new VersionVector();
        var ahead = Now + ((ulong)secondsAhead * 1000 << 16);
        target.TryCover(new ReplicaId(2, 0), inAnInterval ? ahead - 1 : 0, ahead);
        var clock = _replica.Store.Replication.ClockScalar;

        var error = Assert.Throws<HonuException>(() => _replica.Store.Replication.Apply(Ns, [], cursor: null, new VectorJoin(new VersionVector(), target)));

        Assert.Equal(expected, error.Code);
        Assert.Equal(clock, _replica.Store.Replication.ClockScalar);
        Assert.Equal(0, _replica.Vector.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue)]
    public void Apply_ScalarThatIsNoVersion_IsMalformed(ulong scalar)
    {
        var block = RecordBuilder.Block(new RecordBuilder("a").At(1, 2));
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(1 + 1 + 1 + 1), scalar);

        var error = Assert.Throws<HonuException>(() => _replica.Store.Replication.Apply(Ns, block, cursor: null, join: null));

        Assert.Equal(HonuErrorCode.MalformedRecord, error.Code);
    }

    [Fact]
    public void Apply_BlockCutAnywhere_IsMalformedAndChangesNothing()
    {
        var block = RecordBuilder.Block(new RecordBuilder("a").At(Now, 2).Saying(new string('x', 40)));
        var before = _replica.Disk.Fingerprint();

        for (var length = 1; length < block.Length; length++)
        {
            var cut = block[..length];
            var error = Assert.Throws<HonuException>(() => _replica.Store.Replication.Apply(Ns, cut, cursor: null, join: null));
            Assert.Equal(HonuErrorCode.MalformedRecord, error.Code);
        }

        Assert.Equal(before, _replica.Disk.Fingerprint());
    }

    [Fact]
    public void Apply_BlockWithAnyBitFlipped_IsMalformedAndChangesNothing()
    {
        var block = RecordBuilder.Block(new RecordBuilder("key").At(Now, 2).After(Now - 1, 3).Knowing((Now - 1, 3), (5, 4)).Saying("value"));
        var before = _replica.Disk.Fingerprint();

        for (var bit = 0; bit < block.Length * 8; bit++)
        {
            var broken = (byte[])block.Clone();
            broken[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<HonuException>(() => _replica.Store.Replication.Apply(Ns, broken, cursor: null, join: null));
        }

        Assert.Equal(before, _replica.Disk.Fingerprint());
    }

    [Fact]
    public void Apply_ChecksumOfAQuarantinableRecordFails_IsMalformedAndNothingIsKept()
    {
        using var small = HonuStore.OpenInMemory(new HonuStoreOptions { MaxValueBytes = 10, Clock = VersionClock.Lamport });
        var block = RecordBuilder.Block(new RecordBuilder("a").At(1, 2).Saying("12345678901"));
        block[^1] ^= 1;

        var error = Assert.Throws<HonuException>(() => small.Replication.Apply(Ns, block, cursor: null, join: null));

        Assert.Equal(HonuErrorCode.MalformedRecord, error.Code);
        Assert.Empty(small.Replication.Quarantined(Ns));
    }

    public static TheoryData<string> PoisonedVectors => ["empty", "count without origins", "65535 origins", "unsorted", "twice", "scalar", "interval count", "interval backwards", "interval below the mark", "trailing"];

    [Theory]
    [MemberData(nameof(PoisonedVectors))]
    public void Vectors_Poisoned_AreMalformed(string poison)
    {
        using var lamport = new ScriptedReplica(1);
        var peer = RemotePeer.Answer(lamport.Machine);
        peer.Send(RemotePeer.Hello());

        peer.SendVectors(Ns, Poison(poison));

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
    }

    [Theory]
    [MemberData(nameof(PoisonedVectors))]
    public void Target_Poisoned_IsMalformed(string poison)
    {
        using var lamport = new ScriptedReplica(1);
        var peer = RemotePeer.Answer(lamport.Machine);
        peer.Send(RemotePeer.Hello());
        peer.SendVectors(Ns, new VersionVector());

        peer.Send(new Chunk { Namespace = Ns, Target = ByteString.CopyFrom(Poison(poison)), Last = true });

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
        Assert.Equal(0, lamport.Vector.Count);
    }

    [Fact]
    public void Vectors_OfANamespaceThatDoesNotDiffer_AreMalformed()
    {
        using var lamport = new ScriptedReplica(1);
        var peer = RemotePeer.Answer(lamport.Machine);
        peer.Send(RemotePeer.Hello());

        peer.SendVectors("never mentioned", new VersionVector());

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
    }

    /// <summary>Real sessions with one message broken at random: neither side may throw, leak a session, or keep what fails its checks.</summary>
    [Fact]
    public void Session_RandomlyDamagedMessages_NeverThrowsAndHealsAfterwards() => Seeds.Run(usualSeed: 7, usualRuns: 300, static seed =>
    {
        var random = new Random(seed);
        using var one = new ScriptedReplica(1);
        using var two = new ScriptedReplica(2);
        for (var i = 0; i < 4; i++)
        {
            one.Put($"a{i}", "v");
            two.Put($"b{i}", "v");
        }

        var target = random.Next(14);
        var count = 0;
        SessionMessage Damage(ScriptedReplica from, SessionMessage message)
        {
            if (count++ != target)
                return message;
            var bytes = message.ToByteArray();
            try
            {
                return SessionMessage.Parser.ParseFrom(Scramble(bytes, random));
            }
            catch (InvalidProtocolBufferException)
            {
                // The transport would break the call here; an empty message is the next worst thing.
                return new SessionMessage();
            }
        }

        ScriptedSession.Run(one, two, rewrite: Damage);

        one.Machine.Handle(new ReplicaEvent.SessionEnded(new SessionId(1), "over"), TimeSpan.Zero);
        two.Machine.Handle(new ReplicaEvent.SessionEnded(new SessionId(1), "over"), TimeSpan.Zero);
        Assert.Equal(0, one.Machine.OpenSessions + two.Machine.OpenSessions);
        foreach (var entry in one.Store.Scan())
            Assert.Equal("v"u8, entry.Value);
        foreach (var entry in two.Store.Scan())
            Assert.Equal("v"u8, entry.Value);
    });

    private static byte[] Scramble(byte[] bytes, Random random)
    {
        if (bytes.Length == 0)
            return [(byte)random.Next(256)];
        switch (random.Next(3))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                random.NextBytes(bytes);
                return bytes;
            default:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
        }
    }

    private static byte[] Poison(string what)
    {
        var good = new VersionVector();
        good.Advance(new ReplicaId(2, 0), 5);
        good.TryCover(new ReplicaId(2, 0), 7, 9);
        good.Advance(new ReplicaId(3, 0), 5);
        var bytes = good.ToArray();
        switch (what)
        {
            case "empty": return [];
            case "count without origins": BinaryPrimitives.WriteUInt16LittleEndian(bytes, 9); return bytes;
            case "65535 origins": BinaryPrimitives.WriteUInt16LittleEndian(bytes, ushort.MaxValue); return [.. bytes, .. new byte[ushort.MaxValue * 17]];
            case "unsorted": BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(2), ulong.MaxValue); return bytes;
            case "twice": BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(2), new ReplicaId(3, 0).ToUInt64()); return bytes;
            case "scalar": BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(10), 1UL << 63); return bytes;
            case "interval count": bytes[18] = 65; return bytes;
            case "interval backwards": BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(27), 6); return bytes;
            case "interval below the mark": BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(19), 5); return bytes;
            default: return [.. bytes, 0];
        }
    }
}

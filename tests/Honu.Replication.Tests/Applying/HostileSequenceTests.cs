using System.Text;
using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Sessions;
using Honu.Replication.Tests.Traces;
using Honu.TestKit;

namespace Honu.Replication.Tests.Applying;

/// <summary>
/// Sessions with a peer that says anything in any order: messages of every kind with fields that are right, nearly right or absurd, some of them
/// damaged byte by byte. The state machine never throws, keeps no session, and goes on with a good peer.
/// </summary>
public sealed class HostileSequenceTests
{
    private const string Ns = HonuStore.DefaultNamespace;
    private const int MaxMessages = 14;

    [Fact]
    public void Session_AnyMessagesInAnyOrder_NeverThrowsAndHealsAfterwards() => Seeds.Run(usualSeed: 11, usualRuns: 400, static seed =>
    {
        var random = new Random(seed);
        using var attacked = new ScriptedReplica(1, VersionClock.Hybrid);
        for (var i = 0; i < 6; i++)
            attacked.Put($"own{i}", "v");
        attacked.Delete("own5");
        var liar = new Liar(attacked, random);

        liar.Speak(random.Next(2) == 0 ? RemotePeer.Initiate(attacked.Machine) : RemotePeer.Answer(attacked.Machine), random.Next(1, MaxMessages));

        Assert.Equal(0, attacked.Machine.OpenSessions);
        for (var i = 0; i < 5; i++)
            Assert.Equal("v", attacked.Get($"own{i}"));
        using var good = new ScriptedReplica(2, VersionClock.Hybrid);
        good.Put("good", "v");
        ScriptedSession.Complete(good, attacked);
        Assert.Equal("v", attacked.Get("good"));
        Assert.Equal("v", good.Get("own0"));
    });

    private sealed class Liar(ScriptedReplica attacked, Random random)
    {
        private static readonly ReplicaId Self = new(9, 0);

        private readonly List<ReplicaEffect.RunInBackground> _background = [];
        private int _seen;

        public void Speak(RemotePeer peer, int messages)
        {
            Send(peer, new SessionMessage { Hello = Hello(isGood: random.Next(8) > 0) });
            for (var i = 0; i < messages; i++)
            {
                Send(peer, Any());
                if (random.Next(3) > 0)
                    Work(peer);
                if (random.Next(4) == 0)
                    peer.Writable();
            }

            if (random.Next(2) == 0)
                Work(peer);
            peer.End(random.Next(2) == 0 ? "gone" : null);

            // What was asked for may be there only after the end.
            Work(peer);
        }

        private void Send(RemotePeer peer, SessionMessage message)
        {
            var bytes = message.ToByteArray();
            if (random.Next(10) == 0 && bytes.Length > 0)
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                peer.Send(SessionMessage.Parser.ParseFrom(bytes));
            }
            catch (InvalidProtocolBufferException)
            {
                // The transport breaks the call at such a message.
            }

            _background.AddRange(peer.Effects.Skip(_seen).OfType<ReplicaEffect.RunInBackground>());
            _seen = peer.Effects.Count;
        }

        private void Work(RemotePeer peer)
        {
            foreach (var run in _background.ToArray())
            {
                object? result = null;
                var error = Record.Exception(() => { result = run.Work(CancellationToken.None); });
                peer.Tell(new ReplicaEvent.BackgroundDone(run.Session, result, error));
            }

            _background.Clear();
            _background.AddRange(peer.Effects.Skip(_seen).OfType<ReplicaEffect.RunInBackground>());
            _seen = peer.Effects.Count;
        }

        // Equal summaries lead to comparisons, others to streams.
        private Hello Hello(bool isGood)
        {
            var hello = RemotePeer.Hello(static hello => hello.Clock = (uint)VersionClock.Hybrid);
            hello.Verify = random.Next(2) == 0;
            hello.WantsHeartbeats = random.Next(2) == 0;
            if (random.Next(2) == 0)
                hello.Namespaces[0].Summary = ByteString.CopyFrom(attacked.Store.Replication.Summaries()[Ns]);
            if (isGood)
                return hello;
            switch (random.Next(6))
            {
                case 0: hello.Replica = Number(); break;
                case 1: hello.Subscriptions.Add(Name()); break;
                case 2: hello.MembersDigest = Bytes(9); break;
                case 3: hello.Namespaces.Add(new NamespaceSummary { Name = Name(), Summary = Bytes(17), Digest = Bytes(17) }); break;
                case 4: hello.Address = Name(); break;
                default: hello.Readable.Add(Name()); break;
            }

            return hello;
        }

        private SessionMessage Any() => random.Next(15) switch
        {
            0 => new SessionMessage { Hello = Hello(isGood: false) },
            1 => new SessionMessage { Vectors = Vectors() },
            2 or 3 => new SessionMessage { Chunk = Chunk() },
            4 => new SessionMessage { Credit = new Credit { Bytes = Number() } },
            5 => new SessionMessage { Complete = new Complete { Objects = (ulong)random.Next(3), Session = Bytes(9), Heartbeats = Bytes(33) } },
            6 => new SessionMessage { Members = Members() },
            7 => new SessionMessage { DigestTree = Tree() },
            8 => new SessionMessage { DigestDifference = Difference() },
            9 => new SessionMessage { RepairItems = Items() },
            10 => new SessionMessage { RepairAnswer = new RepairAnswer { Namespace = Name(), Wanted = Bytes(8 * random.Next(4)) } },
            11 => new SessionMessage { RepairRecords = new RepairRecords { Namespace = Name(), Records = Records(), Last = random.Next(2) == 0 } },
            12 => new SessionMessage { Acknowledged = Vectors() },
            13 => new SessionMessage { AnnouncedBytes = (uint)random.Next(int.MinValue, int.MaxValue) },
            _ => random.Next(4) == 0 ? new SessionMessage { Refusal = new Refusal { Reason = (Refusal.Types.Reason)random.Next(20), Message = Name() } } : new SessionMessage(),
        };

        private Vectors Vectors()
        {
            var vectors = new Vectors();
            for (var i = random.Next(3); i > 0; i--)
            {
                vectors.Namespaces.Add(new NamespaceVector
                {
                    Name = Name(),
                    Vector = Vector(),
                    Durable = random.Next(2) == 0 ? Vector() : ByteString.Empty,
                    Empty = random.Next(2) == 0,
                    Declined = random.Next(4) == 0,
                    AllDurable = random.Next(4) == 0,
                    AsStreamed = random.Next(4) == 0,
                    Resume = random.Next(3) == 0 ? new Resume { Target = Vector(), Scalar = Number(), Replica = Number(), Key = Bytes(5), Frontier = Vector() } : null,
                });
            }

            return vectors;
        }

        private Chunk Chunk() => new()
        {
            Namespace = Name(),
            Target = random.Next(4) > 0 ? Vector() : ByteString.Empty,
            Base = random.Next(3) == 0 ? Vector() : ByteString.Empty,
            Records = Records(),
            PositionReplica = Self.ToUInt64(),
            PositionScalar = random.Next(3) == 0 ? Number() : (ulong)random.Next(4),
            Last = random.Next(2) == 0,
            Full = random.Next(3) == 0,
            Frontier = random.Next(2) == 0 ? Vector() : ByteString.Empty,
            PurgeMark = random.Next(3) == 0 ? Number() : 0,
            PositionKey = random.Next(2) == 0 ? Bytes(5) : ByteString.Empty,
            Speculative = random.Next(4) == 0,
            Resumed = random.Next(4) == 0,
            TargetAsTold = random.Next(4) == 0,
        };

        private Members Members()
        {
            var members = new Members();
            for (var i = random.Next(4); i > 0; i--)
            {
                members.Members_.Add(new Messages.Member
                {
                    Replica = random.Next(2) == 0 ? Number() : new ReplicaId((uint)random.Next(4), 0).ToUInt64(),
                    StoreId = Bytes(17),
                    Address = random.Next(2) == 0 ? "h:1" : Name(),
                    Region = Name(),
                    State = (Messages.Member.Types.State)random.Next(3),
                    Revision = Number(),
                    HeardUnixMs = Number(),
                });
            }

            return members;
        }

        private DigestTree Tree()
        {
            var buckets = 1 << random.Next(4);
            return new DigestTree { Namespace = Name(), Buckets = (uint)(random.Next(4) == 0 ? buckets + 1 : buckets), Sums = Exactly(8 * buckets), Changed = random.Next(4) == 0 };
        }

        private DigestDifference Difference()
        {
            var difference = new DigestDifference { Namespace = Name(), Changed = random.Next(4) == 0 };
            for (var i = random.Next(3); i > 0; i--)
                difference.Buckets.Add((uint)(10 * (3 - i)));
            difference.Sums = Exactly(difference.Buckets.Count * 128);
            return difference;
        }

        private RepairItems Items()
        {
            var items = new RepairItems { Namespace = Name() };
            var first = (uint)random.Next(20);
            for (var i = (uint)random.Next(3); i > 0; i--)
            {
                items.Parts.Add(first++);
                items.Counts.Add(2);
            }

            items.Items = Exactly((16 * items.Parts.Count) + (random.Next(8) == 0 ? 1 : 0));
            return items;
        }

        private ByteString Records()
        {
            switch (random.Next(4))
            {
                case 0: return ByteString.Empty;
                case 1: return Bytes(60);
                default:
                    var block = RecordBuilder.Block(new RecordBuilder($"theirs{random.Next(3)}").At(Now + (ulong)random.Next(100), 9));
                    if (random.Next(3) == 0)
                        block[random.Next(block.Length)] ^= (byte)(1 << random.Next(8));
                    return ByteString.CopyFrom(block);
            }
        }

        private ulong Now => (ulong)attacked.Time.GetUtcNow().ToUnixTimeMilliseconds() << 16;

        private ByteString Vector()
        {
            if (random.Next(6) == 0)
                return Bytes(40);
            var vector = new VersionVector();
            vector.Advance(random.Next(5) == 0 ? attacked.Id : Self, random.Next(3) == 0 ? (Number() >> 1) + 1 : Now);
            return ByteString.CopyFrom(vector.ToArray());
        }

        private string Name() => random.Next(8) switch
        {
            0 => "",
            1 => new string('x', 300),
            2 => "another",
            3 => Encoding.UTF8.GetString([(byte)random.Next(128), (byte)random.Next(128)]),
            _ => Ns,
        };

        private ulong Number() => random.Next(4) switch
        {
            0 => 0,
            1 => ulong.MaxValue,
            2 => Now,
            _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        };

        private ByteString Bytes(int most) => Exactly(random.Next(2) == 0 ? Math.Max(0, most - 1) : random.Next(most + 1));

        private ByteString Exactly(int length)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            return ByteString.CopyFrom(bytes);
        }
    }
}

using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Hosting.Tests.Hostile;

/// <summary>Attacks by the comparison of contents and by what is told of members.</summary>
internal static class RepairCases
{
    private static readonly ByteString Nothing = ByteString.Empty;

    public static IEnumerable<HostileCase> All =>
    [
        Compared("DigestTree of three buckets", "Malformed", static peer => peer.Send(Tree(3, 3))),
        Compared("DigestTree of 2^31 buckets", "Malformed", static peer => peer.Send(Tree(1u << 31, 1))),
        Compared("DigestTree with sums that are missing", "Malformed", static peer => peer.Send(Tree(1024, 3))),
        Compared("endless DigestTrees of one namespace", "Malformed", static peer => Repeat(peer, static _ => Tree(1, 1, changed: true))),
        Compared("endless DigestTrees of namespaces that nobody has", "Malformed", static peer => Repeat(peer, static i => Tree(1, 1, ns: $"n{i}"))),
        Compared("RepairItems before any tree", "Malformed", static peer => peer.Send(Items([0], [1], 1))),
        Compared("RepairRecords before any tree", "Malformed", static peer => peer.Send(Records(Nothing))),
        Compared("RepairAnswer to a responder", "Malformed", static peer => peer.Send(new SessionMessage { RepairAnswer = new RepairAnswer { Namespace = HostilePeer.Ns } })),
        Lying("RepairItems of parts out of range", "Malformed", static peer => peer.Send(Items([1_000_000], [1], 1))),
        Lying("RepairItems with more counted than there is", "Malformed", static peer => peer.Send(Items([0], [uint.MaxValue], 1))),
        Lying("RepairItems, more than a million", "Malformed", static peer => peer.Send(Items([0], [(1 << 20) + 1], (1 << 20) + 1))),
        Lying("RepairItems of one part twice", "Malformed", static peer => peer.Send(Items([1, 1], [1, 1], 2))),
        Lying("a million items that are a lie", "completed", static async peer =>
        {
            await peer.Send(Items([0], [1 << 20], 1 << 20));
            await peer.Next(SessionMessage.BodyOneofCase.RepairAnswer);
            await peer.Send(Records(Nothing, last: true));
            await peer.Next(SessionMessage.BodyOneofCase.RepairRecords);
            await peer.Send(new SessionMessage { Complete = new Complete { Session = Session(peer) } });
            await peer.CloseSending();
        }),
        Lying("RepairItems twice", "Malformed", static async peer =>
        {
            await peer.Send(Items([0], [1], 1));
            await peer.Send(Items([0], [1], 1));
        }),
        Lying("endless RepairRecords of nothing", "Malformed", static peer => Repeat(peer, static _ => Records(Nothing))),
        Lying("RepairRecords that make no sense", "Malformed", static peer => peer.Send(Records(HostilePeer.Random(500)))),
        Lying("RepairRecords of the year 4000", "Malformed", static peer => peer.Send(Records(ByteString.CopyFrom(HostilePeer.RawBlock("k", [1], new VersionId(StoreLimits.MaxScalar, new ReplicaId(HostilePeer.Pid, 7))))))),
        Lying("goes while the target reads for it", "gone", static async peer =>
        {
            await peer.Send(Items([0], [1], 1));
            peer.Ended = "gone";
            peer.Dispose();
        }),
        Told("100,000 members", "Malformed", static _ => Enumerable.Range(1, 100_000).Select(static i => Member((uint)i))),
        Told("a member with pid 0", "Malformed", static _ => [Member(0)]),
        Told("a member of an unknown state", "Malformed", static _ => [Member(50, static member => member.State = (Member.Types.State)9)]),
        Told("members with revisions of 2^64-1", "completed", static _ => [Member(50, static member => member.Revision = ulong.MaxValue), Member(HostileTarget.SeedPid, static member => member.Revision = ulong.MaxValue)]),
        Told("retires the seed and the target", "completed", static now => [
            Member(HostileTarget.SeedPid, member => (member.State, member.Revision) = (Replication.Messages.Member.Types.State.Retired, now)),
            Member(HostileTarget.Pid, member => (member.State, member.Revision) = (Replication.Messages.Member.Types.State.Retired, now))]),
    ];

    // Nothing differs, and contents are to be compared.
    private static HostileCase Compared(string name, string expected, Func<HostilePeer, Task> attack) => new(name, expected, async peer =>
    {
        await peer.OpenEqual(verify: true);
        await attack(peer);
    });

    // As far as the answer to a tree whose sums are a lie.
    private static HostileCase Lying(string name, string expected, Func<HostilePeer, Task> attack) => Compared(name, expected, async peer =>
    {
        await peer.Send(Tree(1, 1));
        await peer.Next(SessionMessage.BodyOneofCase.DigestDifference);
        await attack(peer);
    });

    private static HostileCase Told(string name, string expected, Func<ulong, IEnumerable<Member>> members) => new(name, expected, async peer =>
    {
        var theirs = await peer.OpenEqual(verify: false);
        var message = new Members();
        message.Members_.Add(members((ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()));
        await peer.Send(new SessionMessage { Members = message });
        await peer.Send(new SessionMessage { Complete = new Complete { Session = theirs.Session } });
        await peer.CloseSending();
    });

    private static async Task Repeat(HostilePeer peer, Func<int, SessionMessage> message)
    {
        for (var i = 0; i < 20_000 && await peer.Send(message(i)); i++)
        {
        }
    }

    private static ByteString Session(HostilePeer peer) => peer.Received.First(static message => message.BodyCase == SessionMessage.BodyOneofCase.Hello).Hello.Session;

    private static SessionMessage Tree(uint buckets, int sums, string ns = HostilePeer.Ns, bool changed = false) => new()
    {
        DigestTree = new DigestTree { Namespace = ns, Buckets = buckets, Sums = HostilePeer.Random(sums * 8), Changed = changed },
    };

    private static SessionMessage Items(uint[] parts, uint[] counts, int items)
    {
        var message = new RepairItems { Namespace = HostilePeer.Ns, Items = HostilePeer.Random(items * 8) };
        message.Parts.Add(parts);
        message.Counts.Add(counts);
        return new SessionMessage { RepairItems = message };
    }

    private static SessionMessage Records(ByteString records, bool last = false) => new()
    {
        RepairRecords = new RepairRecords { Namespace = HostilePeer.Ns, Records = records, Last = last },
    };

    private static Member Member(uint pid, Action<Member>? change = null)
    {
        var member = new Member { Replica = new ReplicaId(pid, 1).ToUInt64(), StoreId = HostilePeer.Bytes(HostilePeer.StoreIdOf(pid)), Revision = 1 };
        change?.Invoke(member);
        return member;
    }
}

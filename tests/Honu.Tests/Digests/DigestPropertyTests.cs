using System.Globalization;
using System.Text;
using Honu.Engines;
using Honu.Format;
using Honu.TestKit;
using Honu.Tests.Kit;

namespace Honu.Tests.Digests;

/// <summary>
/// Goal: whatever a store goes through, its digest is what a full scan says. Method: three stores write, exchange all or half of what they have, meet
/// equivocating records, expire, drop, change their retention, fail and recover, close and open again; after every step every digest is compared with the records.
/// </summary>
public sealed class DigestPropertyTests
{
    private static readonly string[] Namespaces = ["default", "other"];

    [Fact]
    public void RandomOperations_InMemory_DigestsStayTrue() => Seeds.Run(usualSeed: 51_001, usualRuns: 60, static seed => Check(seed, steps: 150, onDisk: false));

    [Fact]
    public void RandomOperations_OnLevelDb_DigestsStayTrue() => Seeds.Run(usualSeed: 52_001, usualRuns: 6, static seed => Check(seed, steps: 150, onDisk: true));

    private static void Check(int seed, int steps, bool onDisk)
    {
        using var directory = new TestDirectory();
        var random = new Random(seed);
        var time = new ManualTimeProvider();
        var members = Enumerable.Range(1, 3).Select(pid => new Member((uint)pid, directory.Combine($"store{pid}"), time, onDisk)).ToArray();
        try
        {
            for (var step = 0; step < steps; step++)
            {
                var member = members[random.Next(3)];
                var done = Step(random, member, members[random.Next(3)], time);
                foreach (var each in members)
                    Assert.True(each.FindFault() is not { } fault, $"seed {seed}, step {step} ({done}): store {each.Store.Identity.Replica}: {each.FindFault()}");
            }
        }
        finally
        {
            foreach (var member in members)
                member.Store.Dispose();
        }
    }

    private static string Step(Random random, Member member, Member peer, ManualTimeProvider time)
    {
        var space = member.Store.Namespace(Namespaces[random.Next(Namespaces.Length)]);
        var (key, value) = (Key(random), Encoding.UTF8.GetBytes($"{random.Next(3)}"));
        switch (random.Next(19))
        {
            case < 5:
                space.Put(key, value);
                return "put";
            case 5 or 6:
                space.Put(key, value, new WriteOptions { TimeToLive = TimeSpan.FromSeconds(random.Next(1, 100)) });
                return "put with a time to live";
            case 7:
                space.Delete(key);
                return "delete";
            case 8:
                member.Store.Write(new HonuWriteBatch().Put("default", key, value).Delete("other", key).Put("other", Key(random), value));
                return "batch";
            case 9 or 10 or 11:
                foreach (var ns in member.Store.Namespaces)
                    PeerStream.Send(member.Store, peer.Store, ns);
                return $"stream to {peer.Store.Identity.Replica}";
            case 12:
                SendHalf(member.Store, peer.Store);
                return $"half a stream to {peer.Store.Identity.Replica}";
            case 13:
                var version = new VersionId(Math.Max(1, member.Store.Replication.ClockScalar + (ulong)random.Next(2)), new ReplicaId(9, (uint)random.Next(2)));
                member.Store.Replication.Apply("default", DigestTests.BlockOf(Encoding.UTF8.GetString(key), Encoding.UTF8.GetString(value), version), cursor: null, join: null);
                return "foreign or equivocating record";
            case 14:
                time.Advance(TimeSpan.FromSeconds(random.Next(60)));
                member.Store.RunMaintenance();
                return "time and maintenance";
            case 15:
                space.SetRetention(random.Next(2) == 0 ? Retention.ParentsOnly : Retention.Versions(3));
                return "retention";
            case 16 when random.Next(4) == 0:
                member.Store.DropNamespace("other");
                return "drop";
            case 17:
                Repair(member.Store, peer.Store);
                return $"repair of {peer.Store.Identity.Replica}";
            case 18:
                return member.Break(random, key);
            default:
                member.Store.Replication.Barrier();
                member.Store.Compact();
                return "compact";
        }
    }

    private static void SendHalf(HonuStore from, HonuStore to)
    {
        using var snapshot = from.Replication.CreateSnapshot();
        var block = new RecordBlockWriter();
        snapshot.ReadUncovered("default", to.Replication.State("default").Vector, position: default, block, maxRecords: 3, int.MaxValue);
        to.Replication.Apply("default", block.Bytes.Span, cursor: null, join: null);
    }

    // Everything that one has, whether or not the other needs it: the worst that a peer can do.
    private static void Repair(HonuStore from, HonuStore to)
    {
        using var theirs = from.Replication.CreateRepairView("default", buckets: 1);
        using var ours = to.Replication.CreateRepairView("default", buckets: 1);
        var block = new RecordBlockWriter();
        theirs.Read([.. theirs.Items([.. Enumerable.Range(0, RepairView.PartsPerBucket)]).SelectMany(static items => items)], 0, block, int.MaxValue);
        to.Replication.ApplyRepair(ours, block.Bytes.Span);
    }

    private static byte[] Key(Random random) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"k{random.Next(12)}"));

    private sealed class Member
    {
        private readonly FaultyDisk? _disk;
        private HonuStoreOptions _options;
        private readonly ManualTimeProvider _time;
        private readonly string _path;

        public Member(uint pid, string path, ManualTimeProvider time, bool onDisk)
        {
            _time = time;
            _path = path;
            _disk = onDisk ? null : new FaultyDisk { FailsReopening = false };
            _options = new HonuStoreOptions
            {
                Pid = pid,
                Engine = onDisk ? LevelDbEngine.Factory : _disk,
                MaintenanceInterval = Timeout.InfiniteTimeSpan,
                Retention = Retention.Versions(3),
                HeadCacheEntries = 16,
                Environment = StoreEnvironment.Machine with { Time = time },
            };
            Store = HonuStore.Open(path, _options);
        }

        public HonuStore Store { get; private set; }

        public string? FindFault() => Store.Replication.FindDigestFault();

        /// <summary>A failed write with what follows, a power loss, or closing and opening again.</summary>
        public string Break(Random random, byte[] key)
        {
            if (_disk is null || random.Next(3) == 0)
            {
                Store.Dispose();
                Store = HonuStore.Open(_path, _options);
                return "reopen";
            }

            if (random.Next(2) == 0)
            {
                _disk.LosePower(_ => random.Next(2) == 0);
                _options = _options with { Environment = _options.Environment with { BootId = $"boot {random.Next()}" } };
                Store = HonuStore.Open(_path, _options);
                return "power loss";
            }

            (_disk.FailsSyncs, _disk.WritesUntilFailure) = random.Next(2) == 0 ? (true, null) : (false, (int?)0);
            Assert.ThrowsAny<HonuException>(() => Store.Write(new HonuWriteBatch().Put(key, "failed"u8).Put("failed", key, "failed"u8), WriteOptions.Synced));
            Assert.False(Store.Replication.TryGetDigest("default", out _));
            (_disk.FailsSyncs, _disk.WritesUntilFailure) = (false, null);
            _time.Advance(TimeSpan.FromSeconds(2));
            Store.Put(key, "after"u8);
            return "failed write";
        }
    }
}

using Honu.Replication.Messages;
using Honu.Replication.Tests.Traces;
using Honu.TestKit;

namespace Honu.Replication.Tests.Membership;

/// <summary>What a table of members takes over from others, and what it does not let them do.</summary>
public sealed class MemberTableTests : IDisposable
{
    private static readonly TimeSpan RetireAfter = TimeSpan.FromDays(30);

    private readonly ScriptedReplica _replica = new(1);
    private readonly MemberTable _table;

    public MemberTableTests() => _table = NewTable();

    public void Dispose() => _replica.Dispose();

    [Fact]
    public void Merge_NewMember_IsActiveAndHasItsAddress()
    {
        _table.Merge(Told(Row(2, revision: 5)));

        var member = Assert.Single(_table.Others);
        Assert.Equal(("host2:7000", MemberState.Active), (_table.AddressOf(2), _table.StateOf(2)));
        Assert.Equal(StoreOf(2), member.Store);
        Assert.Equal([2u], _table.Active);
    }

    [Fact]
    public void Merge_GreaterRevision_CountsWhateverCameFirst()
    {
        _table.Merge(Told(Row(2, revision: 6, address: "new:1")));
        _table.Merge(Told(Row(2, revision: 5, address: "old:1", retired: true)));

        Assert.Equal(("new:1", MemberState.Active), (_table.AddressOf(2), _table.StateOf(2)));
    }

    /// <summary>Rows of random revisions, some equal, told in random orders and groups: all tables end alike.</summary>
    [Fact]
    public void Merge_InAnyOrder_EndsAlike()
    {
        Seeds.Run(1, 20, seed =>
        {
            var random = new Random(seed);
            var rows = Enumerable.Range(0, 60).Select(_ => Row(
                (uint)random.Next(2, 6),
                revision: (ulong)random.Next(1, 6),
                address: $"h{random.Next(3)}:1",
                retired: random.Next(3) == 0,
                heard: Now - ((ulong)random.Next(3) * Member.DayMs),
                epoch: (uint)random.Next(2))).ToArray();
            var digests = new HashSet<string>();
            for (var order = 0; order < 4; order++)
            {
                using var replica = new ScriptedReplica(1);
                var table = new MemberTable(replica.Store.Replication, RetireAfter);
                random.Shuffle(rows);
                foreach (var row in rows)
                    table.Merge(Told(row));
                digests.Add(table.Digest.ToBase64());
            }

            Assert.Single(digests);
        });
    }

    [Fact]
    public void Merge_RevisionBeyondTheDriftOfClocks_IsNotTaken()
    {
        var now = (ulong)_replica.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var drift = (ulong)_replica.Store.Replication.MaxClockDrift.TotalMilliseconds;
        _table.Merge(Told(Row(2, revision: 5)));

        _table.Merge(Told(Row(2, revision: now + drift + 1, retired: true)));
        _table.Merge(Told(Row(3, revision: ulong.MaxValue)));
        _table.Merge(Told(Row(1, revision: ulong.MaxValue, retired: true)));

        Assert.Equal(3, _table.Refused);
        Assert.Equal(MemberState.Active, _table.StateOf(2));
        Assert.Null(_table.Find(3));
        _table.Merge(Told(Row(2, revision: now + drift, retired: true)));
        Assert.Equal(MemberState.Retired, _table.StateOf(2));
    }

    [Fact]
    public void Merge_RetirementOfASeed_DoesNotCount()
    {
        _table.SetSeeds([2]);
        _table.Merge(Told(Row(2, revision: 5)));

        _table.Merge(Told(Row(2, revision: 6, retired: true)));

        Assert.NotEqual(MemberState.Retired, _table.StateOf(2));
        Assert.Equal([2u], _table.Active);
        Assert.False(_table.Forget(2));
    }

    [Fact]
    public void Merge_RetirementOrAddressOfAMemberThatIsHeard_DoesNotCountUntilItIsSilent()
    {
        Hear(2, "here:1");

        _table.Merge(Told(Row(2, revision: Now + 1, address: "elsewhere:1", retired: true)));

        Assert.Equal((MemberState.Active, "here:1"), (_table.StateOf(2), _table.AddressOf(2)));
        Pass(_table.SuspectAfter);
        Assert.Equal(MemberState.Retired, _table.StateOf(2));
    }

    [Fact]
    public void Merge_WhatIsWrongAboutSelf_IsAnsweredWithAGreaterRevision()
    {
        _table.Advertise("me:1");

        _table.Merge(Told(Row(1, revision: Now + 5, address: "not-me:1", retired: true)));

        var own = _table.Find(1)!;
        Assert.Equal((false, "me:1", Now + 6), (own.IsRetired, own.Address, own.Revision));
        Assert.Empty(_table.Others);
    }

    [Fact]
    public void Hear_RetiredMember_IsActiveAgain()
    {
        Hear(2, "here:1");
        Assert.True(_table.Retire(2));
        Assert.Equal(MemberState.Retired, _table.StateOf(2));
        Assert.Empty(_table.Active);

        Hear(2, "there:1");

        Assert.Equal((MemberState.Active, "there:1"), (_table.StateOf(2), _table.AddressOf(2)));
        Assert.False(_table.Find(2)!.IsRetired);
    }

    [Fact]
    public void Expire_MemberThatNobodyHeardFor30Days_IsRetiredAndLaterForgotten()
    {
        Hear(2, "here:1");
        _table.Merge(Told(Row(3, revision: 5, heard: Now)));

        Pass(RetireAfter);
        _table.Merge(Told(Row(3, revision: 5, heard: Now)));
        _table.Expire();
        Assert.Equal([2u, 3u], _table.Active);

        Pass(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(1));
        _table.Expire();
        Assert.Equal([3u], _table.Active);
        Assert.Equal(MemberState.Retired, _table.StateOf(2));

        Pass(RetireAfter * 2);
        _table.Expire();
        Assert.Null(_table.Find(2));
        _table.Merge(Told(Row(2, revision: 5, retired: true)));
        Assert.Null(_table.Find(2));
    }

    [Fact]
    public void StateOf_MemberThatIsNotHeardForLong_IsSuspect()
    {
        Hear(2, "here:1");

        Pass(_table.SuspectAfter - TimeSpan.FromMilliseconds(1));
        Assert.Equal(MemberState.Active, _table.StateOf(2));
        Pass(TimeSpan.FromMilliseconds(1));

        Assert.Equal(MemberState.Suspect, _table.StateOf(2));
        Assert.Equal([2u], _table.Active);
    }

    [Fact]
    public void ActiveFor_MemberThatDoesNotWantANamespace_LeavesItOut()
    {
        Hear(2, "here:1", "orders", "eu-*");
        Hear(3, "there:1");

        Assert.Equal([2u, 3u], _table.ActiveFor("orders"));
        Assert.Equal([3u], _table.ActiveFor("people"));
    }

    [Fact]
    public void Save_ThenAnotherTable_KnowsTheSame()
    {
        _table.Advertise("me:1");
        Hear(2, "here:1");
        _table.Merge(Told(Row(3, revision: 5), Row(4, revision: 6, retired: true)));
        _table.SetSeeds([3]);
        _table.Retire(3);
        _table.Save(sync: false);

        _replica.Kill();
        var again = NewTable();
        again.SetSeeds([3]);

        Assert.Equal(_table.Digest, again.Digest);
        Assert.Equal([MemberState.Active, MemberState.Retired, MemberState.Retired], new uint[] { 2, 3, 4 }.Select(again.StateOf));
        Assert.Equal("me:1", again.OwnAddress);
        Assert.True(_replica.Store.Verify().IsHealthy);
    }

    [Fact]
    public void Merge_MoreThanTheTableHolds_ForgetsOnlyWhoIsRetired()
    {
        _table.RefreshSelf();
        var message = new Members();
        message.Members_.Add(Row(2, revision: 5, retired: true, heard: Now));
        message.Members_.Add(Enumerable.Range(3, MemberTable.MaxMembers - 2).Select(static pid => Row((uint)pid, revision: 5)));
        _table.Merge(message);
        Assert.Equal(MemberTable.MaxMembers - 1, _table.Others.Count());

        _table.Merge(Told(Row(9001, revision: 5)));
        _table.Merge(Told(Row(9002, revision: 5)));

        Assert.Null(_table.Find(2));
        Assert.NotNull(_table.Find(9001));
        Assert.Null(_table.Find(9002));
        Assert.Equal(MemberTable.MaxMembers - 1, _table.Others.Count());
    }

    // The wall clock alone: the store's timers need not fire for a month.
    private void Pass(TimeSpan time) => _replica.Time.SetUtcNow(_replica.Time.GetUtcNow() + time);

    private ulong Now => (ulong)_replica.Time.GetUtcNow().ToUnixTimeMilliseconds();

    private static Guid StoreOf(uint pid) => new((int)pid, 0, 0, new byte[8]);

    private static Members Told(params ReadOnlySpan<Messages.Member> rows)
    {
        var message = new Members();
        foreach (var row in rows)
            message.Members_.Add(row);
        return message;
    }

    private static Messages.Member Row(uint pid, ulong revision, string? address = null, bool retired = false, ulong heard = 0, uint epoch = 0) => new()
    {
        Replica = new ReplicaId(pid, epoch).ToUInt64(),
        StoreId = Google.Protobuf.ByteString.CopyFrom(StoreOf(pid).ToByteArray(bigEndian: true)),
        Address = address ?? $"host{pid}:7000",
        State = retired ? Messages.Member.Types.State.Retired : Messages.Member.Types.State.Active,
        Revision = revision,
        HeardUnixMs = heard,
    };

    private MemberTable NewTable() => new(_replica.Store.Replication, RetireAfter);

    private void Hear(uint pid, string address, params string[] subscriptions) =>
        _table.Hear(new ReplicaId(pid, 0), StoreOf(pid), address, region: "", SubscriptionList.FromWire(subscriptions));
}

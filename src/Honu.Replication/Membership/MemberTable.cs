using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>The members of the cluster as this replica knows them, itself included, kept in the store.</summary>
/// <remarks>
/// <para>
/// Rows are shared by gossip and joined: the greater revision counts. Revisions are times, and one that lies further ahead than clocks may
/// drift is not taken, so that nobody can make a row that its member could not answer. A member answers what is wrong about itself
/// with a greater revision.
/// </para>
/// <para>
/// What a row says is not all that counts here. A retirement that others tell does not count for a seed, nor for a member that this replica
/// hears from; and the address that a member told this replica itself counts before the row's.
/// </para>
/// Not thread-safe.
/// </remarks>
internal sealed class MemberTable
{
    /// <summary>Most members that are known at a time.</summary>
    public const int MaxMembers = MessageLimits.MaxMembers;

    private const string RowPrefix = "member/";

    // A retired member is forgotten after this many times the time after which a silent one retires.
    private const int ForgetFactor = 3;

    private readonly ReplicationPort _store;
    private readonly TimeSpan _retireAfter;
    private readonly SortedDictionary<uint, Member> _rows = [];
    private readonly HashSet<uint> _retiredHere = [];
    private readonly HashSet<uint> _seeds = [];
    private readonly Dictionary<uint, Heard> _heard = [];
    private readonly HashSet<uint> _unsaved = [];
    private readonly DateTimeOffset _started;
    private ByteString? _digest;
    private string? _measuredRegion;
    private int _retiredRows;

    public MemberTable(ReplicationPort store, TimeSpan retireAfter)
    {
        _store = store;
        _retireAfter = retireAfter;
        _started = store.UtcNow;
        foreach (var row in store.LoadStates(RowPrefix).Values)
        {
            if (Member.Decode(row) is not var (member, isRetiredHere) || _rows.Count >= MaxMembers)
                continue;
            _rows[member.Replica.Pid] = member;
            if (isRetiredHere)
                _retiredHere.Add(member.Replica.Pid);
        }

        _retiredRows = _rows.Values.Count(static member => member.IsRetired);
        if (_rows.GetValueOrDefault(OwnPid) is { } own && own.Store == store.Identity.StoreId)
            OwnAddress = own.Address;
    }

    /// <summary>Grows with every change of who the members are, where they are, and whether one has left; the last also changes by itself, with time, while <see cref="HasRetired"/>.</summary>
    public long Version { get; private set; }

    /// <summary>A member that this replica has not heard from for this long is suspect.</summary>
    public TimeSpan SuspectAfter { get; set; } = TimeSpan.FromSeconds(40);

    /// <summary>Entries of gossip that were not taken because their revision lies too far ahead.</summary>
    public long Refused { get; private set; }

    /// <summary>The members without this replica.</summary>
    public IEnumerable<Member> Others => _rows.Values.Where(member => member.Replica.Pid != OwnPid);

    /// <summary>The pids of the members for which deletions are kept, without this replica.</summary>
    public IEnumerable<uint> Active => Others.Select(static member => member.Replica.Pid).Where(pid => StateOf(pid) != MemberState.Retired);

    /// <summary>Whether any row says that its member has left.</summary>
    public bool HasRetired => _retiredRows > 0;

    /// <summary>8 bytes over all rows: equal ones mean that neither side has news for the other.</summary>
    public ByteString Digest => _digest ??= ComputeDigest(_rows.Values);

    /// <summary>Whether a peer that told a digest in its Hello knows everything that is known here, once it has our Hello.</summary>
    /// <remarks>Its digest may be from before that: then it lacks our own row, which the Hello tells.</remarks>
    public bool IsKnownTo(ByteString told) => told == Digest || told == ComputeDigest(Others);

    private uint OwnPid => _store.Identity.Replica.Pid;

    private ulong NowMs => (ulong)Math.Max(0, _store.UtcNow.ToUnixTimeMilliseconds());

    private ulong LatestMs => NowMs + (ulong)_store.MaxClockDrift.TotalMilliseconds;

    /// <summary>The active members that take part in a namespace. One that has not said what it wants wants everything.</summary>
    public IEnumerable<uint> ActiveFor(string ns) => Active.Where(pid => Takes(pid, ns));

    /// <summary>Whether a member takes part in a namespace, as far as is known.</summary>
    public bool Takes(uint pid, string ns) => !_heard.TryGetValue(pid, out var heard) || heard.Subscriptions.Wants(ns);

    /// <summary>Where this replica tells others to reach it; empty for nowhere.</summary>
    public string OwnAddress { get; private set; } = "";

    /// <summary>The region of this replica as others are told it: given, or measured.</summary>
    public string OwnRegion => _store.Description.Region ?? _measuredRegion ?? "";

    /// <summary>Tells others by what name the region goes that this replica was not given.</summary>
    public void NameRegion(string? measured)
    {
        _measuredRegion = measured;
        RefreshSelf();
    }

    /// <summary>Whether a member has told these subscriptions before.</summary>
    public bool IsKnownToWant(uint pid, SubscriptionList subscriptions) =>
        _heard.TryGetValue(pid, out var heard) && heard.Subscriptions.Patterns.SequenceEqual(subscriptions.Patterns, StringComparer.Ordinal);

    public Member? Find(uint pid) => _rows.GetValueOrDefault(pid);

    /// <summary>What a member counts for here.</summary>
    public MemberState StateOf(uint pid)
    {
        if (!_rows.TryGetValue(pid, out var member))
            return MemberState.Retired;
        var isHeard = IsHeard(pid);
        if (member.IsRetired && (_retiredHere.Contains(pid) || !(_seeds.Contains(pid) || isHeard)))
            return MemberState.Retired;
        return isHeard || _store.UtcNow - _started < SuspectAfter ? MemberState.Active : MemberState.Suspect;
    }

    /// <summary>Where a member is tried: what it told itself counts before what others tell.</summary>
    public string AddressOf(uint pid) =>
        _heard.TryGetValue(pid, out var heard) && heard.Address.Length > 0 ? heard.Address : _rows.GetValueOrDefault(pid)?.Address ?? "";

    public MemberSnapshot Describe(Member member)
    {
        var pid = member.Replica.Pid;
        var address = AddressOf(pid);
        return new MemberSnapshot(
            member.Replica,
            member.Store,
            address.Length > 0 ? address : null,
            member.Region.Length > 0 ? member.Region : null,
            StateOf(pid),
            _heard.TryGetValue(pid, out var heard) ? heard.At : DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(member.HeardUnixMs, LatestMs)));
    }

    /// <summary>Where this replica tells others to reach it; empty for nowhere.</summary>
    public void Advertise(string address)
    {
        OwnAddress = address;
        RefreshSelf();
    }

    /// <summary>The pids whose retirement others cannot tell: those that the configuration names or that answered at a configured address.</summary>
    public void SetSeeds(IEnumerable<uint> pids)
    {
        var seeds = pids.ToHashSet();
        if (seeds.SetEquals(_seeds))
            return;
        _seeds.Clear();
        _seeds.UnionWith(seeds);
        Version++;
    }

    /// <summary>Brings the own row up to date: the epoch changes while the replica runs.</summary>
    public void RefreshSelf()
    {
        var identity = _store.Identity;
        var known = _rows.GetValueOrDefault(OwnPid);
        var own = new Member(identity.Replica, identity.StoreId, OwnAddress, OwnRegion, IsRetired: false, known?.Revision ?? 0, Today(known));
        if (known is null || !own.SaysTheSame(known))
            own = own with { Revision = NextRevision(known) };
        Set(own);
    }

    /// <summary>A member has said Hello: that it is there, and what it says of itself.</summary>
    public void Hear(ReplicaId replica, Guid store, string address, string region, SubscriptionList subscriptions)
    {
        var pid = replica.Pid;
        var known = _rows.GetValueOrDefault(pid);
        if (known is null && !MakeRoom())
            return;
        var told = new Member(replica, store, address, region, IsRetired: false, known?.Revision ?? 0, Today(known));
        if (known is null || !told.SaysTheSame(known))
            told = told with { Revision = NextRevision(known) };
        var addressBefore = AddressOf(pid);
        _heard[pid] = new Heard(_store.UtcNow, address, subscriptions);
        _retiredHere.Remove(pid);
        Set(told);
        if (AddressOf(pid) != addressBefore)
            Version++;
    }

    /// <summary>Takes over what a peer knows. Every field was checked; what a row may do is decided here.</summary>
    public void Merge(Members told)
    {
        foreach (var item in told.Members_)
        {
            var row = new Member(
                ReplicaId.FromUInt64(item.Replica),
                SessionHello.ToGuid(item.StoreId),
                item.Address,
                item.Region,
                item.State == Messages.Member.Types.State.Retired,
                item.Revision,
                item.HeardUnixMs <= LatestMs ? item.HeardUnixMs - (item.HeardUnixMs % Member.DayMs) : 0);
            if (row.Revision > LatestMs)
                Refused++;
            else if (row.Replica.Pid == OwnPid)
                AnswerAboutSelf(row);
            else
                MergeOther(row);
        }
    }

    /// <summary>The rows for a peer.</summary>
    public Members ToMessage()
    {
        var message = new Members();
        foreach (var member in _rows.Values)
        {
            message.Members_.Add(new Messages.Member
            {
                Replica = member.Replica.ToUInt64(),
                StoreId = UnsafeByteOperations.UnsafeWrap(member.Store.ToByteArray(bigEndian: true)),
                Address = member.Address,
                Region = member.Region,
                State = member.IsRetired ? Messages.Member.Types.State.Retired : Messages.Member.Types.State.Active,
                Revision = member.Revision,
                HeardUnixMs = member.HeardUnixMs,
            });
        }

        return message;
    }

    /// <summary>Retires a member by hand, durably.</summary>
    /// <returns><see langword="false"/> when no such member is known.</returns>
    public bool Retire(uint pid)
    {
        if (pid == OwnPid || !_rows.TryGetValue(pid, out var member))
            return false;
        RetireHere(member);
        Save(sync: true);
        return true;
    }

    /// <summary>Forgets a retired member. Others may tell of it again.</summary>
    /// <returns><see langword="false"/> when it is not retired, or not known.</returns>
    public bool Forget(uint pid)
    {
        if (pid == OwnPid || !_rows.ContainsKey(pid) || StateOf(pid) != MemberState.Retired)
            return false;
        Remove(pid);
        Save(sync: true);
        return true;
    }

    /// <summary>Retires who was silent for too long, and forgets who has been retired for long.</summary>
    public void Expire()
    {
        foreach (var member in Others.ToList())
        {
            var pid = member.Replica.Pid;
            if (IsHeard(pid))
                continue;
            if (StateOf(pid) == MemberState.Retired)
            {
                if (IsSilentFor(member, _retireAfter * ForgetFactor) && !_seeds.Contains(pid))
                    Remove(pid);
            }
            else if (IsSilentFor(member, _retireAfter))
            {
                RetireHere(member);
            }
        }
    }

    /// <summary>Writes what has changed into the store.</summary>
    public void Save(bool sync)
    {
        if (_unsaved.Count == 0)
            return;
        foreach (var pid in _unsaved.ToList())
        {
            var name = RowPrefix + pid.ToString(CultureInfo.InvariantCulture);
            if (_rows.TryGetValue(pid, out var member))
                _store.SaveState(name, member.Encode(_retiredHere.Contains(pid)), sync);
            else
                _store.RemoveState(name);
            _unsaved.Remove(pid);
        }
    }

    private bool IsHeard(uint pid) => _heard.TryGetValue(pid, out var heard) && _store.UtcNow - heard.At < SuspectAfter;

    // A day's rounding must not retire anybody early.
    private bool IsSilentFor(Member member, TimeSpan time) => member.HeardUnixMs + Member.DayMs + (ulong)time.TotalMilliseconds < NowMs;

    // The first row is the same for everybody who hears it from the member itself, so that they need not tell each other.
    private ulong NextRevision(Member? known) => known is null ? 1 : Math.Max(known.Revision + 1, NowMs);

    private ulong Today(Member? known) => Math.Max(known?.HeardUnixMs ?? 0, NowMs - (NowMs % Member.DayMs));

    private void AnswerAboutSelf(Member told)
    {
        RefreshSelf();
        var own = _rows[OwnPid];
        if (told.Revision < own.Revision || (told.Revision == own.Revision && told.SaysTheSame(own)))
            return;
        Set(own with { Revision = told.SaysTheSame(own) ? told.Revision : NextRevision(told) });
    }

    private void MergeOther(Member told)
    {
        var pid = told.Replica.Pid;
        if (_rows.TryGetValue(pid, out var known))
            Set(known.Join(told));
        else if (!(told.IsRetired && IsSilentFor(told, _retireAfter * ForgetFactor)) && MakeRoom())
            Set(told);
    }

    private void RetireHere(Member member)
    {
        _retiredHere.Add(member.Replica.Pid);
        Set(member.IsRetired ? member : member with { IsRetired = true, Revision = NextRevision(member) });
        _unsaved.Add(member.Replica.Pid);
        Version++;
    }

    // Who has left makes room for who is new; nobody that takes part does.
    private bool MakeRoom()
    {
        if (_rows.Count < MaxMembers)
            return true;
        var oldest = Others.Where(member => StateOf(member.Replica.Pid) == MemberState.Retired).MinBy(static member => member.HeardUnixMs);
        if (oldest is null)
            return false;
        Remove(oldest.Replica.Pid);
        return true;
    }

    private void Set(Member member)
    {
        var pid = member.Replica.Pid;
        if (_rows.TryGetValue(pid, out var known) && known == member)
            return;
        _retiredRows += (member.IsRetired ? 1 : 0) - (known is { IsRetired: true } ? 1 : 0);
        if (!member.IsRetired)
            _retiredHere.Remove(pid);
        _rows[pid] = member;
        Changed(pid);
    }

    private void Remove(uint pid)
    {
        if (_rows.Remove(pid, out var known) && known.IsRetired)
            _retiredRows--;
        _heard.Remove(pid);
        _retiredHere.Remove(pid);
        Changed(pid);
    }

    private void Changed(uint pid)
    {
        _digest = null;
        _unsaved.Add(pid);
        Version++;
    }

    private static ByteString ComputeDigest(IEnumerable<Member> rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var member in rows)
            hash.AppendData(member.Encode(isRetiredHere: false));
        return ByteString.CopyFrom(hash.GetHashAndReset(), 0, 8);
    }

    private sealed record Heard(DateTimeOffset At, string Address, SubscriptionList Subscriptions);
}

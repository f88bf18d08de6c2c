using Honu.Replication.Messages;
using Honu.TestKit;

namespace Honu.Replication.Tests.Rumors;

/// <summary>A <see cref="RumorMill"/> alone, with a store and what it belongs to: its effects are looked at, and a test may do something in the middle of its work.</summary>
internal sealed class RumorMillHost : IRumorHost, IDisposable
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromMilliseconds(10);

    private readonly Queue<(TimeSpan Due, ReplicaEffect.SendRumors Push, RumorAnswer Answer)> _answers = new();
    private long _lastPush;

    /// <param name="peers">The peers, each with its region. The mill's own replica is 9 in region a.</param>
    public RumorMillHost(params (uint Pid, string Region)[] peers)
        : this(new ReplicaOptions(), peers)
    {
    }

    public RumorMillHost(ReplicaOptions options, params (uint Pid, string Region)[] peers)
    {
        Store = HonuStore.Open("mill", new HonuStoreOptions { Pid = 9, Region = "a", Engine = Disk, Environment = new StoreEnvironment { Time = Time }, MaintenanceInterval = Timeout.InfiniteTimeSpan });
        Mill = new RumorMill(Store.Replication, options, this);
        Know(peers);
        Mill.Start(Now);
    }

    public FaultyDisk Disk { get; } = new();

    public ManualTimeProvider Time { get; } = new();

    public HonuStore Store { get; }

    public RumorMill Mill { get; }

    public TimeSpan Now { get; private set; }

    public List<ReplicaEffect> Effects { get; } = [];

    public List<ReplicaEffect.SendRumors> Pushes => [.. Effects.OfType<ReplicaEffect.SendRumors>()];

    public IEnumerable<Rumor> Sent => Pushes.SelectMany(static push => push.Batch.Rumors);

    public int SessionHurries { get; private set; }

    /// <summary>Asked for each namespace that is about to be told.</summary>
    public Func<string, bool> WantsNamespace { get; set; } = static _ => true;

    /// <summary>Whether a peer takes part in a namespace.</summary>
    public Func<uint, string, bool> TakesNamespace { get; set; } = static (_, _) => true;

    /// <summary>What a push is answered after 10 ms; <see langword="null"/> for no answer.</summary>
    public Func<ReplicaEffect.SendRumors, RumorAnswer?> Answers { get; set; } = static _ => null;

    public void Know(params (uint Pid, string Region)[] peers) =>
        Mill.UpdatePeers([.. peers.Select(static peer => (new PeerAddress("node", (int)peer.Pid, peer.Pid), peer.Pid, peer.Region))], Now);

    /// <summary>Writes, and tells the mill.</summary>
    public VersionId Put(string key, string value = "v", string ns = HonuStore.DefaultNamespace)
    {
        var version = Store.Namespace(ns).Put(System.Text.Encoding.UTF8.GetBytes(key), System.Text.Encoding.UTF8.GetBytes(value)).Id;
        Mill.LocalCommit(Now);
        return version;
    }

    /// <summary>Lets time pass.</summary>
    public void Run(double milliseconds)
    {
        for (var left = milliseconds; left > 0; left--)
        {
            Now += TimeSpan.FromMilliseconds(1);
            Time.Advance(TimeSpan.FromMilliseconds(1));
            while (_answers.TryPeek(out var next) && next.Due <= Now)
                Mill.Answered(_answers.Dequeue().Push.Push, next.Answer, Now);
            Mill.Tick(Now);
        }
    }

    public void Answer(ReplicaEffect.SendRumors push, RumorAnswer answer)
    {
        Mill.Answered(push.Push, answer, Now);
        Mill.Tick(Now);
    }

    public static bool Covers(Rumor rumor, VersionId version) => rumor.Origin == version.Replica.ToUInt64() && rumor.From < version.Scalar && version.Scalar <= rumor.To;

    public void Dispose() => Guard.Run(Store.Dispose);

    public PushId NextPushId() => new(++_lastPush);

    public void Add(ReplicaEffect effect)
    {
        Effects.Add(effect);
        if (effect is ReplicaEffect.SendRumors push && Answers(push) is { } answer)
            _answers.Enqueue((Now + AnswerTime, push, answer));
    }

    public void RequestSession(uint pid)
    {
    }

    public void HurrySessions() => SessionHurries++;

    public void ApplyDeferred()
    {
    }

    public void RegionChanged()
    {
    }

    public bool Takes(uint pid, string ns) => TakesNamespace(pid, ns);

    public bool Wants(string ns) => WantsNamespace(ns);

    public Guid? FindStore(uint pid) => null;
}

using Honu.Replication;

namespace Honu.Simulation;

/// <summary>
/// A replica of the published experiment. One session after the other, each with one peer:
/// <code>
/// initiator                                  responder
///     dial: one round trip and a half (TCP, then the settings of HTTP/2)
///     pull request: versions of all keys →
///                                          ← entries that are later here, and the keys that are later there
///     push: the entries of those keys    →   only when the reply wanted any
///                                          ← push reply
///     125 ms later: the next session
/// </code>
/// The reward follows from what the initiator sees: how long the pull and the push took, and how many entries moved.
/// </summary>
internal sealed class PaperReplica(int index, string region, string design, PaperWorld world)
{
    private readonly (IPeerSelector Selector, IRewardFunction Reward) _bandit = PeerSelectors.CreateBare(design);
    private readonly List<PeerArm> _arms = [];
    private readonly List<PaperReplica> _peers = [];
    private TimeSpan _lastLoad;

    public int Index { get; } = index;

    public string Region { get; } = region;

    public PaperStore Store { get; } = new(index + 1, world.Keys, world.Visibility);

    /// <summary>The key that clients of this replica write to; null where there is no client.</summary>
    public int? OwnKey { get; init; }

    /// <summary>Makes all other replicas known, in the order of their numbers.</summary>
    public void Meet(IEnumerable<PaperReplica> all)
    {
        foreach (var peer in all.Where(peer => peer != this))
        {
            _peers.Add(peer);
            _arms.Add(new PeerArm(new PeerAddress("replica" + peer.Index, 1 + peer.Index)) { Region = peer.Region });
        }
    }

    public void BeginSession()
    {
        var arm = _bandit.Selector.Select(_arms, world.Time.Now, world.Random);
        var peer = _peers[arm];
        world.Chosen(this, peer);
        world.Dial(this, peer, () => Pull(arm, peer));
    }

    private void Pull(int arm, PaperReplica peer)
    {
        WriteLoad();
        var view = Store.View();
        var begun = world.Time.Now;
        var request = PaperMessages.PullRequest(view);
        world.Send(this, peer, request, () =>
        {
            var (entries, wanted) = peer.Compare(view);
            var reply = PaperMessages.PullReply(entries, [.. wanted.Select(peer.Version)], world.ValueBytes);
            world.Send(peer, this, reply, () => Take(arm, peer, begun, (request, reply), entries, wanted));
        });
    }

    private PaperVersion Version(int key) => Store[key];

    // What is later here, and the keys of what is later there. Keys that the other side does not name are left out: it asks about what it has.
    private (List<PaperEntry> Entries, List<int> Wanted) Compare(PaperVersion[] view)
    {
        WriteLoad();
        var entries = new List<PaperEntry>();
        var wanted = new List<int>();
        for (var key = 0; key < view.Length; key++)
        {
            if (!view[key].Exists)
                continue;
            if (view[key].IsLaterThan(Store[key]))
            {
                Store.Observe(view[key]);
                wanted.Add(key);
            }
            else if (Store[key].IsLaterThan(view[key]))
            {
                entries.Add(new PaperEntry(key, Store[key]));
            }
        }

        return (entries, wanted);
    }

    private void Take(int arm, PaperReplica peer, TimeSpan begun, (int Sent, int Received) bytes, List<PaperEntry> entries, List<int> wanted)
    {
        WriteLoad();
        var stored = 0;
        foreach (var entry in entries)
        {
            if (Store.Put(entry.Key, entry.Version, world.Time.Now))
                stored++;
        }

        var worth = new SessionWorth
        {
            Succeeded = true,

            // Entries that something else has overtaken count as a pull there, but not as several.
            Pulled = stored == 0 && entries.Count > 0 ? 1 : stored,
            PullLatency = world.Time.Now - begun,
            Duration = world.Time.Now - begun,
            BytesSent = bytes.Sent,
            BytesReceived = bytes.Received,
            FromRegion = Region,
            ToRegion = peer.Region,
        };
        if (wanted.Count == 0)
        {
            EndSession(arm, worth);
            return;
        }

        List<PaperEntry> push = [.. wanted.Select(key => new PaperEntry(key, Store[key]))];
        var pushed = world.Time.Now;
        var request = PaperMessages.PushRequest(push, world.ValueBytes);
        world.Send(this, peer, request, () =>
        {
            var reply = PaperMessages.PushReply(peer.Accept(push));
            world.Send(peer, this, reply, () => EndSession(arm, worth with
            {
                Pushed = push.Count,
                PushLatency = world.Time.Now - pushed,
                Duration = world.Time.Now - begun,
                BytesSent = worth.BytesSent + request,
                BytesReceived = worth.BytesReceived + reply,
            }));
        });
    }

    private bool Accept(List<PaperEntry> push)
    {
        WriteLoad();
        var changed = false;
        foreach (var entry in push)
            changed |= Store.Put(entry.Key, entry.Version, world.Time.Now);
        return changed;
    }

    private void EndSession(int arm, in SessionWorth worth)
    {
        var reward = _bandit.Reward.Of(worth);
        _bandit.Selector.Learn(_arms[arm], reward, world.Time.Now);
        world.Rewarded(reward);
        world.Time.After(world.Pause, BeginSession);
    }

    // In the warm-up a client writes as fast as it can. Nobody sees a write before a session looks at the store, so all writes since the last look are made at once.
    private void WriteLoad()
    {
        if (OwnKey is not { } key || world.Time.Now > world.WarmUp)
            return;
        var writes = (long)((world.Time.Now - _lastLoad).TotalMilliseconds * PaperWorld.LoadWritesPerMs);
        if (writes == 0)
            return;
        Store.Write(key, world.Time.Now, writes);
        _lastLoad = world.Time.Now;
    }
}

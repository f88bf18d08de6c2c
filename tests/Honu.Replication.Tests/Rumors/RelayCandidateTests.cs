namespace Honu.Replication.Tests.Rumors;

/// <summary>Which replicas of a large region are tried as relays: few, other ones for each sender, the same ones until one fails; and that trying them costs no time.</summary>
public sealed class RelayCandidateTests
{
    private const int Most = 6;

    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void Of_LargeRegion_FewForEachSenderAndAllRelaysUsed()
    {
        var peers = Peers(40);

        var chosen = Enumerable.Range(100, 400).Select(sender => Pids(peers, (uint)sender)).ToList();

        Assert.All(chosen, static pids => Assert.Equal(Most, pids.Distinct().Count()));
        Assert.All(chosen, static pids => Assert.Equal(pids.Order(), pids));

        // 60 on average.
        Assert.All(peers, peer => Assert.InRange(chosen.Count(pids => pids.Contains(peer.Pid)), 35, 90));
    }

    [Fact]
    public void Of_SmallRegion_AllOfIt()
    {
        Assert.Equal([1u, 2u, 3u, 4u, 5u, 6u], Pids(Peers(Most), 100));
    }

    [Fact]
    public void Of_ReplicaComesOrGoes_OneCandidateChangesAtMost()
    {
        var peers = Peers(40);
        for (var sender = 100u; sender < 140; sender++)
        {
            var before = Pids(peers, sender);
            foreach (var gone in peers)
            {
                var after = Pids([.. peers.Where(peer => peer != gone)], sender);
                Assert.Equal(before.Contains(gone.Pid) ? Most - 1 : Most, after.Intersect(before).Count());
            }
        }
    }

    [Fact]
    public void Of_RelayWithoutAnswerTwice_TheNextTakesItsPlaceUntilThatIsForgotten()
    {
        var peers = Peers(40);
        var chooser = new RelayChooser();
        var before = Pids(peers, 100, chooser);
        foreach (var pid in before)
            chooser.Answered(pid, RoundTrip, RoundTrip);

        chooser.Failed(before[2]);
        Assert.Equal(before, Pids(peers, 100, chooser));
        chooser.Failed(before[2]);
        var after = Pids(peers, 100, chooser);
        for (var i = 0; i < 120; i++)
            chooser.Answered(after[i % Most], RoundTrip, RoundTrip);

        Assert.Equal(Most - 1, after.Intersect(before).Count());
        Assert.DoesNotContain(before[2], after);
        Assert.Equal(before, Pids(peers, 100, chooser));
    }

    [Fact]
    public void Of_SlowRelay_TheNextTakesItsPlace()
    {
        var peers = Peers(40);
        var chooser = new RelayChooser();
        var before = Pids(peers, 100, chooser);
        foreach (var pid in before)
            chooser.Answered(pid, RoundTrip, RoundTrip);

        for (var i = 0; i < 2; i++)
        {
            chooser.Answered(before[0], RoundTrip * 5, RoundTrip);
            chooser.Answered(before[1], RoundTrip * 1.5, RoundTrip);
        }

        Assert.Equal([before[0]], before.Except(Pids(peers, 100, chooser)));
    }

    [Fact]
    public void Of_AllPoor_StillAsMany()
    {
        var peers = Peers(40);
        var chooser = new RelayChooser();
        foreach (var peer in peers)
        {
            chooser.Failed(peer.Pid);
            chooser.Failed(peer.Pid);
        }

        Assert.Equal(Most, Pids(peers, 100, chooser).Length);
    }

    [Fact]
    public void Choose_CandidateThatMustConnect_IsChosenBesideAConnectedOneAndOnlyOnceAtATime()
    {
        var region = MakeRegion(3);
        region.Peers[1].HasAnswered = true;

        var (relay, second) = Choose(region);
        relay.FirstContact = TimeSpan.Zero;
        var (next, nextSecond) = Choose(region);
        next.FirstContact = TimeSpan.Zero;
        var (last, lastSecond) = Choose(region);
        var (later, _) = Choose(region, TimeSpan.FromSeconds(16));

        Assert.Equal((1u, 2u), (relay.Pid, second!.Pid));
        Assert.Equal((2u, null), (next.Pid, nextSecond?.Pid));
        Assert.Equal((2u, null), (last.Pid, lastSecond?.Pid));
        Assert.Equal(1u, later.Pid);
    }

    [Fact]
    public void Choose_NobodyHasAnswered_GoesByASessionsConnection()
    {
        var region = MakeRegion(3);
        region.Peers[2].RoundTrip.Add(RoundTrip);

        Assert.Equal((3u, null), (Choose(region).Relay.Pid, Choose(region).Second?.Pid));
    }

    [Fact]
    public void Choose_OnlyOthersThanCandidatesAreConnected_OneOfThemIsSecond()
    {
        var region = MakeRegion(40);
        var candidates = Pids(region.Peers, 100);
        var other = region.Peers.First(peer => !candidates.Contains(peer.Pid));
        other.RoundTrip.Add(RoundTrip);

        var (relay, second) = Choose(region);

        Assert.Contains(relay.Pid, candidates);
        Assert.Equal(other, second);
    }

    [Fact]
    public void Choose_UnderLoad_TheLowestAlsoWhenItIsNoCandidate()
    {
        var region = MakeRegion(40);
        foreach (var peer in region.Peers)
            peer.HasAnswered = true;
        var sender = Enumerable.Range(100, 100).First(sender => !Pids(region.Peers, (uint)sender).Contains(1u));

        Assert.Equal(1u, RelayCandidates.Choose(region, region.Peers, prefersLowest: true, (uint)sender, Most, TimeSpan.Zero).Relay.Pid);
    }

    [Fact]
    public void LargeRegion_TryingAllCandidates_DelaysNoWrite()
    {
        using var network = Ready(14);
        var contacted = new HashSet<uint>();

        // Whoever gets its first push does not answer it, as if the connection took long.
        network.LosesPush = (from, to, _) => from.Pid == 1 && to.Region == "b" && contacted.Add(to.Pid) && contacted.Count > 1;
        for (var i = 0; i < 60; i++)
        {
            network[1].Put("k", $"{i}");
            var milliseconds = network.RunUntil(() => network.IsVisible("k", $"{i}"));
            Assert.InRange(milliseconds, 52, 54);
            network.Run(1000);
        }

        Assert.Equal(Most, contacted.Count);
    }

    [Fact]
    public void LargeRegion_CandidateThatNeverAnswers_IsGivenUpAlthoughOthersAnswerInItsPlace()
    {
        using var network = Ready(14);
        var contacted = new HashSet<uint>();
        uint? dead = null;
        network.LosesPush = (from, to, _) =>
        {
            if (from.Pid == 1 && to.Region == "b" && contacted.Add(to.Pid) && contacted.Count == 2)
                dead = to.Pid;
            return to.Pid == dead;
        };
        for (var i = 0; i < 120; i++)
        {
            network[1].Put("k", $"{i}");
            network.Run(1000);
        }

        // Every 15 s if it was never judged.
        Assert.InRange(network.FarPushes.Count(push => push.From.Pid == 1 && push.To.Pid == dead), 2, 4);
    }

    [Fact]
    public void LargeRegion_CandidatesThatDie_AreReplaced()
    {
        using var network = Ready(14);
        void Write(int writes)
        {
            for (var i = 0; i < writes; i++)
            {
                network[1].Put("k", $"{i}");
                network.Run(500);
            }
        }

        Write(40);
        var before = Chosen(network);
        Assert.Equal(Most, before.Count);
        foreach (var pid in before.Take(5))
            network[(int)pid].IsDown = true;
        Write(150);
        network.Pushes.Clear();
        Write(30);

        var after = Chosen(network);
        Assert.True(after.Count > 1 && after.Except(before).Any(), $"Before: {string.Join(' ', before)}; after: {string.Join(' ', after)}.");
    }

    private static HashSet<uint> Chosen(RumorNetwork network) => [.. network.FarPushes.Where(static push => push.From.Pid == 1).Select(static push => push.To.Pid)];

    private static RumorNetwork Ready(int replicas)
    {
        // The writer has no connections but those that its pushes make.
        string[] regions = [.. Enumerable.Repeat("a", 2), .. Enumerable.Repeat("b", replicas)];
        var network = new RumorNetwork(regions, static options => options.Seed == 1 ? options with { OpensSessions = false } : options).Start(40);
        network[1].Put("k", "hello");
        network.Run(2000);
        network.RefusesSessions = true;
        network.Pushes.Clear();
        return network;
    }

    private static (RumorPeer Relay, RumorPeer? Second) Choose(Region region, TimeSpan now = default) => RelayCandidates.Choose(region, region.Peers, prefersLowest: false, 100, Most, now);

    private static Region MakeRegion(int peers)
    {
        var region = new Region("b");
        region.Peers.AddRange(Peers(peers));
        return region;
    }

    private static uint[] Pids(IReadOnlyList<RumorPeer> peers, uint sender, RelayChooser? chooser = null) =>
        [.. RelayCandidates.Of(peers, chooser ?? new RelayChooser(), sender, Most).Select(static peer => peer.Pid)];

    private static RumorPeer[] Peers(int count) => [.. Enumerable.Range(1, count).Select(static pid => new RumorPeer((uint)pid) { Address = new PeerAddress("node", pid, (uint)pid) })];
}

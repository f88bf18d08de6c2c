using System.Text;
using Honu.Replication;

namespace Honu.Simulation.Tests;

/// <summary>Replicas that know one seed, in virtual time: they find each other, stay in touch when the seed is gone, and find who comes back.</summary>
public class MembershipTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void OneSeed_ThatDiesForGood_LeavesReplicasThatKnowEachOther(int seed)
    {
        var cluster = new SimulatedCluster(new SimulationOptions { Seed = seed, Replicas = 8, OneSeed = true, Loss = 0.02, MaxSkew = TimeSpan.FromSeconds(5) });
        cluster.StartAll();
        RunUntil(cluster, () => cluster.Replicas.All(static replica => replica.Members.Count == 7));

        cluster.Replicas[0].Kill();
        var rest = cluster.Replicas.Skip(1).ToList();
        rest[3].Store.Put("k"u8, "v"u8);

        RunUntil(cluster, () => rest.TrueForAll(static replica => replica.Store.Get("k"u8) is not null));
    }

    [Fact]
    public void Retired_ThatComesBack_IsActiveEverywhereAgain()
    {
        var cluster = new SimulatedCluster(new SimulationOptions { Seed = 7, Replicas = 4, OneSeed = true });
        cluster.StartAll();
        RunUntil(cluster, () => cluster.Replicas.All(static replica => replica.Members.Count == 3));
        var gone = cluster.Replicas[3];
        gone.LosePower();

        cluster.Replicas[1].Tell(new ReplicaEvent.MemberRetired(4));
        RunUntil(cluster, () => cluster.Replicas.Take(3).All(static replica => StateOf4(replica) == MemberState.Retired));
        gone.Start();

        RunUntil(cluster, () => cluster.Replicas.Take(3).All(static replica => StateOf4(replica) == MemberState.Active));
    }

    [Fact]
    public void Silent_For30Days_IsRetiredAndFoundWhenItComesBack()
    {
        var cluster = new SimulatedCluster(new SimulationOptions { Seed = 8, Replicas = 3, MinLatency = TimeSpan.FromMilliseconds(5), MaxLatency = TimeSpan.FromMilliseconds(5) });
        cluster.StartAll();
        RunUntil(cluster, () => cluster.Replicas.All(static replica => replica.Members.Count == 2));
        cluster.Replicas[1].Kill();
        cluster.Replicas[2].Kill();

        // Both of the others are gone, so that a month has few events: unreachable peers are tried every few seconds.
        cluster.Run(TimeSpan.FromDays(31) + TimeSpan.FromHours(2));
        Assert.All(cluster.Replicas[0].Members, static member => Assert.Equal(MemberState.Retired, member.State));
        cluster.Replicas[1].Start();

        RunUntil(cluster, () => cluster.Replicas[0].Members.Single(static member => member.Replica.Pid == 2).State == MemberState.Active);
        Assert.Equal(MemberState.Retired, cluster.Replicas[0].Members.Single(static member => member.Replica.Pid == 3).State);
    }

    [Fact]
    public void SameSeed_GivesTheSameRunWithMembership()
    {
        Assert.Equal(Trace(), Trace());

        static string Trace()
        {
            var cluster = new SimulatedCluster(new SimulationOptions { Seed = 11, Replicas = 6, OneSeed = true, Loss = 0.05 });
            cluster.StartAll();
            var text = new StringBuilder();
            for (var i = 0; i < 20; i++)
            {
                cluster.Run(TimeSpan.FromMilliseconds(300));
                text.AppendLine($"{cluster.Network.Messages} {cluster.Network.Bytes} {string.Join(',', cluster.Replicas.Select(static replica => replica.Members.Count))}");
            }

            return text.ToString();
        }
    }

    private static MemberState StateOf4(SimulatedReplica replica) => replica.Members.Single(static member => member.Replica.Pid == 4).State;

    private static void RunUntil(SimulatedCluster cluster, Func<bool> condition)
    {
        var end = cluster.Time.Now + Limit;
        while (!condition())
        {
            Assert.True(cluster.Time.Now < end, "It did not happen in time.");
            cluster.Run(TimeSpan.FromMilliseconds(100));
        }
    }
}

using Honu.Replication.Messages;

namespace Honu.Replication.Tests.Rumors;

/// <summary>What is told of the rewards that relays earn, for metrics.</summary>
public sealed class RelayRewardTests : IDisposable
{
    private const uint Neighbour = 1;
    private const uint Relay = 21;

    private readonly RumorMillHost _mill = new((Neighbour, "a"), (Relay, "b"));

    private List<double> Rewards => [.. Told.Select(static told => told.Reward)];

    private List<ReplicaEffect.RelayRewarded> Told => [.. _mill.Effects.OfType<ReplicaEffect.RelayRewarded>()];

    public void Dispose() => _mill.Dispose();

    [Fact]
    public void Push_Answered_EarnsARewardAfterTheFirstContact()
    {
        _mill.Answers = static _ => new RumorAnswer();
        Put();
        Assert.Empty(Rewards);

        Put();

        Assert.InRange(Assert.Single(Rewards), 0.5, 1);
        Assert.Equal(Relay, Assert.Single(Told).Address.Pid);
    }

    [Fact]
    public void Push_NotAnswered_EarnsNothingAndIsTold()
    {
        _mill.Answers = static _ => new RumorAnswer();
        Put();
        _mill.Answers = static _ => null;

        Put();

        Assert.NotEmpty(Rewards);
        Assert.All(Told, static told => Assert.Equal((Relay, 0.0), (told.Address.Pid, told.Reward)));
    }

    private void Put()
    {
        _mill.Put("k");
        _mill.Run(600);
    }
}

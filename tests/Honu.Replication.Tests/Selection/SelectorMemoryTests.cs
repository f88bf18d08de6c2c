using System.Text;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Selection;

/// <summary>What a selector has learned outlives its process, and fades.</summary>
public sealed class SelectorMemoryTests : IDisposable
{
    private static readonly PeerArm Arm = new(new PeerAddress("scripted", 1));

    private readonly ScriptedReplica _replica = new(1);

    public void Dispose() => _replica.Dispose();

    [Fact]
    public void Load_AfterARestart_GivesBackWhatWasLearned()
    {
        var (guards, memory) = Open("two-level");
        guards.Learn(Arm with { Region = "east" }, 0.5, TimeSpan.Zero);
        guards.Learn(Arm with { Region = "east" }, 0.25, TimeSpan.Zero);
        memory.Learned(TimeSpan.Zero);
        memory.Save(TimeSpan.Zero);
        _replica.Kill();

        var (restored, again) = Open("two-level");

        Assert.Equal(SelectorRestore.Restored, again.Restored);
        Assert.Equal([new ArmState("/east", 2, 0.375), new ArmState("scripted:1", 2, 0.375)], restored.Export(TimeSpan.Zero));
    }

    [Theory]
    [InlineData("epsilon-greedy", 0)]
    [InlineData("thompson", 0)]
    [InlineData("exp3", 1)]
    public void Load_AnHourLater_CountsHalf(string spec, double weight)
    {
        var (guards, memory) = Open(spec);
        guards.Import([new ArmState("scripted:1", 8, 0.5), new ArmState("scripted:2", 8, 0.25, -weight), new ArmState("scripted:3", 0.015, 1)], TimeSpan.Zero);
        memory.Learned(TimeSpan.Zero);
        memory.Save(TimeSpan.Zero);

        _replica.Time.Advance(TimeSpan.FromHours(1));
        var (restored, _) = Open(spec);

        Assert.Equal([new ArmState("scripted:1", 4, 0.5), new ArmState("scripted:2", 4, 0.25, -weight / 2)], restored.Export(TimeSpan.Zero));
    }

    [Fact]
    public void Load_ClockWasSetBack_FadesNothing()
    {
        Keep("epsilon-greedy:0.1@paper", _replica.Time.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds(), "scripted:1 3 0.5 0");

        var (restored, memory) = Open("epsilon-greedy");

        Assert.Equal(SelectorRestore.Restored, memory.Restored);
        Assert.Equal(3, restored.Describe(Arm, TimeSpan.Zero).Count);
    }

    [Theory]
    [InlineData("epsilon-greedy:0.2")]
    [InlineData("epsilon-greedy@novelty")]
    [InlineData("thompson")]
    public void Load_KeptByAnother_BeginsAnew(string spec)
    {
        Keep("epsilon-greedy:0.1@paper", 0, "scripted:1 3 0.5 0");

        var (restored, memory) = Open(spec);

        Assert.Equal(SelectorRestore.OtherSelector, memory.Restored);
        Assert.Empty(restored.Export(TimeSpan.Zero));
    }

    [Fact]
    public void Load_NothingKept_SaysSo()
    {
        Assert.Equal(SelectorRestore.Nothing, Open("thompson").Memory.Restored);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2 epsilon-greedy:0.1@paper 5\nscripted:1 3 0.5 0")]
    [InlineData("1 epsilon-greedy:0.1@paper\nscripted:1 3 0.5 0")]
    [InlineData("1 epsilon-greedy:0.1@paper soon\nscripted:1 3 0.5 0")]
    [InlineData("1 epsilon-greedy:0.1@paper 5\nscripted:1 3 0.5")]
    [InlineData("1 epsilon-greedy:0.1@paper 5\n 3 0.5 0")]
    [InlineData("1 epsilon-greedy:0.1@paper 5\nscripted:1 NaN 0.5 0")]
    [InlineData("1 epsilon-greedy:0.1@paper 5\nscripted:1 -1 0.5 0")]
    [InlineData("1 epsilon-greedy:0.1@paper 5\nscripted:1 3 1.5 0")]
    [InlineData("1 epsilon-greedy:0.1@paper 5\nscripted:1 3 0.5 1e300")]
    [InlineData("1 epsilon-greedy:0.1@paper 5\nscripted:1 3 0.5 0\nscripted:1 3 0.5 0")]
    [InlineData("1 epsilon-greedy:0.1@paper 5\n\u0000\uffff")]
    public void Load_BadRow_BeginsAnewAndSaysSo(string row)
    {
        _replica.Store.Replication.SaveState("selector", Encoding.UTF8.GetBytes(row));

        var (restored, memory) = Open("epsilon-greedy");

        Assert.Equal(SelectorRestore.Unreadable, memory.Restored);
        Assert.Empty(restored.Export(TimeSpan.Zero));
        memory.Learned(TimeSpan.Zero);
        restored.Learn(Arm, 1, TimeSpan.Zero);
        memory.Save(TimeSpan.Zero);
        Assert.Equal(SelectorRestore.Restored, Open("epsilon-greedy").Memory.Restored);
    }

    [Fact]
    public void Load_DamagedRow_BeginsAnewAndSaysSo()
    {
        Keep("epsilon-greedy:0.1@paper", 5, "scripted:1 3 0.5 0");
        using (var disk = _replica.Disk.OpenRaw())
        {
            using var batch = disk.CreateBatch();
            batch.Put([(byte)'M', .. "s/selector"u8], "1 epsilon"u8);
            disk.Write(batch, sync: true);
        }

        Assert.Equal(SelectorRestore.Unreadable, Open("epsilon-greedy").Memory.Restored);
    }

    [Fact]
    public void Learned_ManyTimes_IsWrittenOnceAMinute()
    {
        var (guards, memory) = Open("epsilon-greedy");
        var writes = new List<int>();
        for (var second = 1; second <= 180; second++)
        {
            guards.Learn(Arm, 1, TimeSpan.FromSeconds(second));
            memory.Learned(TimeSpan.FromSeconds(second));
            writes.Add(_replica.Disk.Writes);
        }

        // At 60, 120 and 180 s.
        Assert.Equal([0, 1, 1, 2, 3], new[] { 59, 60, 119, 120, 180 }.Select(second => writes[second - 1] - (writes[59] - 1)));
        memory.Save(TimeSpan.FromSeconds(181));
        Assert.Equal(writes[179], _replica.Disk.Writes);
    }

    [Fact]
    public void Learned_Uniform_WritesNothing()
    {
        var (guards, memory) = Open("uniform");
        var before = _replica.Disk.Writes;

        guards.Learn(Arm, 1, TimeSpan.FromHours(1));
        memory.Learned(TimeSpan.FromHours(1));

        Assert.Equal(before, _replica.Disk.Writes);
    }

    [Fact]
    public void Save_DiskFails_IsNoFault()
    {
        var (guards, memory) = Open("epsilon-greedy");
        guards.Learn(Arm, 1, TimeSpan.Zero);
        _replica.Disk.WritesUntilFailure = 0;

        memory.Learned(TimeSpan.FromHours(1));

        Assert.Equal(1, guards.Describe(Arm, TimeSpan.Zero).Count);
        _replica.Disk.WritesUntilFailure = null;
    }

    [Fact]
    public void Save_MoreArmsThanARowHolds_KeepsThoseThatAreKnownBest()
    {
        var (guards, memory) = Open("epsilon-greedy");
        guards.Import([.. Enumerable.Range(1, 2000).Select(static port => new ArmState($"{new string('h', 60)}.example:{port}", port, 1.0 / port))], TimeSpan.Zero);

        memory.Learned(TimeSpan.Zero);
        memory.Save(TimeSpan.Zero);

        var kept = Open("epsilon-greedy").Guards.Export(TimeSpan.Zero);
        Assert.InRange(kept.Count, 400, 512);
        Assert.Equal(Enumerable.Range(2001 - kept.Count, kept.Count), kept.Select(static arm => (int)arm.Count).Order());
        Assert.Equal(1.0 / 1999, kept.Single(static arm => arm.Count == 1999).Value, 9);
    }

    private (SelectionGuards Guards, SelectorMemory Memory) Open(string spec)
    {
        var guards = PeerSelectors.Create(spec);
        var memory = new SelectorMemory(_replica.Store.Replication, guards);
        memory.Load(TimeSpan.Zero);
        return (guards, memory);
    }

    private void Keep(string spec, long unixMs, string arms) => _replica.Store.Replication.SaveState("selector", Encoding.UTF8.GetBytes($"1 {spec} {unixMs}\n{arms}"));
}

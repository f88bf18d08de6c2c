using Honu.TestKit;

namespace Honu.Tests.Clocks;

public class HybridLogicalClockTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly HybridLogicalClock _clock;

    public HybridLogicalClockTests() => _clock = new HybridLogicalClock(_time, TimeSpan.FromSeconds(60));

    private ulong Now => (ulong)_time.GetUtcNow().ToUnixTimeMilliseconds() << 16;

    [Fact]
    public void Next_TimeStandsStill_CountsUp()
    {
        var first = _clock.Next(floor: 0);

        Assert.Equal(Now, first);
        Assert.Equal(first + 1, _clock.Next(floor: 0));
        Assert.Equal(first + 2, _clock.Next(floor: first));
        Assert.Equal(first + 2, _clock.Last);
    }

    [Fact]
    public void Next_WallClockGoesBack_GoesOn()
    {
        var before = _clock.Next(floor: 0);
        _time.SetUtcNow(_time.GetUtcNow() - TimeSpan.FromDays(400));

        Assert.Equal(before + 1, _clock.Next(floor: 0));
    }

    [Fact]
    public void Next_CounterIsFull_RunsIntoTheNextMillisecond()
    {
        _clock.Observe(Now + 0xFFFF);

        Assert.Equal(((Now >> 16) + 1) << 16, _clock.Next(floor: 0));
    }

    [Fact]
    public void Next_FloorAboveTheClock_IsPassed() => Assert.Equal(Now + 501, _clock.Next(floor: Now + 500));

    [Fact]
    public void Next_AtTheEndOfTheRange_FailsInsteadOfWrapping()
    {
        _clock.Observe(StoreLimits.MaxScalar - 1);

        Assert.Equal(StoreLimits.MaxScalar, _clock.Next(floor: 0));
        Assert.Equal(HonuErrorCode.ClockDrift, Assert.Throws<HonuException>(() => _clock.Next(floor: 0)).Code);
        Assert.Equal(StoreLimits.MaxScalar, _clock.Last);
        Assert.Throws<OverflowException>(() => _clock.Next(floor: ulong.MaxValue));
    }

    [Fact]
    public void Observe_OlderScalar_DoesNotMoveTheClockBack()
    {
        _clock.Observe(Now + 10);
        _clock.Observe(3);

        Assert.Equal(Now + 10, _clock.Last);
    }

    [Theory]
    [InlineData(0, nameof(ScalarCheck.Ok))]
    [InlineData(60_000, nameof(ScalarCheck.Ok))]
    [InlineData(60_001, nameof(ScalarCheck.Ahead))]
    [InlineData(86_400_000, nameof(ScalarCheck.Ahead))]
    [InlineData(86_400_001, nameof(ScalarCheck.Malformed))]
    public void Check_ScalarAhead_IsJudgedByTheDriftBound(long milliseconds, string expected) =>
        Assert.Equal(expected, _clock.Check(Now + ((ulong)milliseconds << 16)).ToString());

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue)]
    public void Check_NoVersion_IsMalformed(ulong scalar)
    {
        Assert.Equal(ScalarCheck.Malformed, _clock.Check(scalar));
        Assert.Equal(ScalarCheck.Malformed, new LamportClock().Check(scalar));
    }

    // What was taken over before must not stop replication when the wall clock is set back.
    [Fact]
    public void Check_ScalarThatTheClockHasReached_IsOkWhateverTheTime()
    {
        var seen = Now;
        _clock.Observe(seen);
        _time.SetUtcNow(_time.GetUtcNow() - TimeSpan.FromDays(30));

        Assert.Equal(ScalarCheck.Ok, _clock.Check(seen));
        Assert.Equal(ScalarCheck.Malformed, _clock.Check(seen + (2000UL << 16)));
    }

    [Fact]
    public void Lamport_NextAndObserve_IsAPlainCounterThatNeverWraps()
    {
        var clock = new LamportClock();

        Assert.Equal(1UL, clock.Next(floor: 0));
        clock.Observe(10);
        Assert.Equal(11UL, clock.Next(floor: 3));
        Assert.Equal(31UL, clock.Next(floor: 30));
        clock.Observe(StoreLimits.MaxScalar);
        Assert.Equal(HonuErrorCode.ClockDrift, Assert.Throws<HonuException>(() => clock.Next(floor: 0)).Code);
    }
}

using Honu.TestKit;

namespace Honu.Tests.Kit;

public class ManualTimeProviderTests
{
    [Fact]
    public void Advance_SeveralTimers_FiresThemInOrderAtTheirOwnTime()
    {
        var time = new ManualTimeProvider();
        var start = time.GetUtcNow();
        var fired = new List<(string Name, TimeSpan At)>();
        ITimer Timer(string name, int due, int period) =>
            time.CreateTimer(_ => fired.Add((name, time.GetUtcNow() - start)), null, TimeSpan.FromSeconds(due), period < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(period));
        using var once = Timer("once", 3, -1);
        using var often = Timer("often", 2, 2);

        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal([("often", TimeSpan.FromSeconds(2)), ("once", TimeSpan.FromSeconds(3)), ("often", TimeSpan.FromSeconds(4))], fired);
        Assert.Equal(TimeSpan.FromSeconds(5), time.GetElapsedTime(0));
        Assert.Equal(1, time.PendingTimers);
    }

    [Fact]
    public void Advance_CallbackThatStartsATimer_FiresItInTheSameAdvance()
    {
        var time = new ManualTimeProvider();
        var fired = 0;
        ITimer? second = null;
        using var first = time.CreateTimer(
            _ => second = time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

        time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(1, fired);
        second!.Dispose();
    }

    [Fact]
    public void SetUtcNow_Backwards_LeavesTimestampsAlone()
    {
        var time = new ManualTimeProvider();
        time.Advance(TimeSpan.FromSeconds(7));

        time.SetUtcNow(DateTimeOffset.UnixEpoch);

        Assert.Equal(TimeSpan.FromSeconds(7), time.GetElapsedTime(0));
        Assert.Equal(DateTimeOffset.UnixEpoch, time.GetUtcNow());
    }

    [Fact]
    public async Task Delay_WithThisProvider_EndsWhenTimeIsAdvanced()
    {
        var time = new ManualTimeProvider();
        var delay = Task.Delay(TimeSpan.FromHours(1), time);
        Assert.False(delay.IsCompleted);

        time.Advance(TimeSpan.FromHours(1));

        await Guard.Within(delay);
        Assert.Equal(0, time.PendingTimers);
    }

    [Fact]
    public void Change_DisposedTimer_ReturnsFalse()
    {
        var time = new ManualTimeProvider();
        var timer = time.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        timer.Dispose();

        var changed = timer.Change(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        Assert.False(changed);
        Assert.Equal(0, time.PendingTimers);
    }
}

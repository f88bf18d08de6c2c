using Google.Protobuf;
using Honu.Replication;
using Honu.Replication.Messages;
using Honu.TestKit;
using Microsoft.Extensions.Logging;
using Outcome = Honu.Replication.Messages.RumorAnswer.Types.Outcome;

namespace Honu.Hosting.Tests;

/// <summary>Pushes wait for the loop in bounded number and size, whatever their callers do.</summary>
public sealed class WaitingPushTests
{
    private static readonly HonuReplicaOptions Options = new() { Dissemination = Dissemination.RegionRelay };

    [Fact]
    public void TryEnter_MoreThanTheLimits_IsRefusedUntilOneHasLeft()
    {
        var many = new WaitingPushes();
        var large = new WaitingPushes();

        Assert.All(Enumerable.Range(0, 256), _ => Assert.True(many.TryEnter(1)));
        Assert.All(Enumerable.Range(0, 8), _ => Assert.True(large.TryEnter(8 << 20)));

        Assert.False(many.TryEnter(1));
        Assert.False(large.TryEnter(1));
        many.Leave(1);
        large.Leave(8 << 20);
        Assert.True(many.TryEnter(1));
        Assert.True(large.TryEnter(1));
    }

    [Fact]
    public async Task TakeRumors_WhoseCallersHaveGone_StillCount()
    {
        using var directory = new TestDirectory();
        using var store = HonuStore.Open(directory.Combine("db"), new HonuStoreOptions { Pid = 1 });
        using var logger = new BlockingLogger();
        using var loggers = new LoggerFactory([logger]);
        await using var host = new ReplicaHost(store, Options, loggers);
        await host.StartAsync(CancellationToken.None);
        host.Refused("a caller", "a reason");
        await Guard.Within(logger.Blocked.Task);
        for (var i = 0; i < WaitingPushes.MaxCount; i++)
        {
            using var gone = new CancellationTokenSource();
            var push = host.TakeRumorsAsync(new RumorBatch(), identity: null, gone.Token);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Guard.Within(push));
        }

        var tooMany = await Guard.Within(host.TakeRumorsAsync(new RumorBatch(), identity: null, CancellationToken.None));
        logger.Release.Set();
        await Guard.Within(host.GetStatusAsync(CancellationToken.None));
        var later = await Guard.Within(host.TakeRumorsAsync(new RumorBatch(), identity: null, CancellationToken.None));

        Assert.Equal((Outcome.Busy, Outcome.Malformed), (tooMany.Outcome, later.Outcome));
    }

    [Fact]
    public async Task TakeRumors_LargerThanAnyHealthyPush_AreMalformed()
    {
        using var directory = new TestDirectory();
        using var store = HonuStore.Open(directory.Combine("db"), new HonuStoreOptions { Pid = 1 });
        await using var host = new ReplicaHost(store, Options);
        await host.StartAsync(CancellationToken.None);
        var batch = new RumorBatch { Rumors = { new Rumor { Records = UnsafeByteOperations.UnsafeWrap(new byte[9 << 20]) } } };

        var answer = await Guard.Within(host.TakeRumorsAsync(batch, identity: null, CancellationToken.None));

        Assert.Equal(Outcome.Malformed, answer.Outcome);
        Assert.Contains("at most 8388608", answer.Message, StringComparison.Ordinal);
    }

    // The loop writes this line itself, so it does nothing else meanwhile.
    private sealed class BlockingLogger : ILoggerProvider, ILogger
    {
        public TaskCompletionSource Blocked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ManualResetEventSlim Release { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id != 3100)
                return;
            Blocked.TrySetResult();
            Release.Wait(TimeSpan.FromSeconds(30));
        }

        public void Dispose()
        {
            Release.Set();
            Release.Dispose();
        }
    }
}

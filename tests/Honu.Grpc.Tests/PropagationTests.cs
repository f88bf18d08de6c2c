using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>A handler calls on to another server: what the second call takes over from the first.</summary>
public sealed class PropagationTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Deadline_OfTheServedCall_IsThatOfTheNextUnlessTurnedOff(bool propagate)
    {
        var chain = new Chain(new ContextPropagationOptions(propagateDeadline: propagate));
        await using var far = await chain.StartFarAsync();
        await using var near = await chain.StartNearAsync(far);
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1);

        await near.Client().UnaryAsync(new EchoMessage(), deadline: deadline).Guarded();

        Assert.Equal(propagate, chain.FarDeadline < DateTime.MaxValue);
        if (propagate)
            Assert.Equal(deadline, chain.FarDeadline, TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(1, null)]
    [InlineData(null, 1)]
    public async Task Deadline_OfBothCalls_TheEarlierCounts(int? servedHours, int? ownHours)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var chain = new Chain(null) { OwnDeadline = ownHours is { } own ? now.AddHours(own) : null };
        await using var far = await chain.StartFarAsync();
        await using var near = await chain.StartNearAsync(far);

        await near.Client().UnaryAsync(new EchoMessage(), deadline: servedHours is { } served ? now.AddHours(served) : null).Guarded();

        Assert.Equal(now.AddHours(1), chain.FarDeadline, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Cancellation_OfTheServedCall_CancelsTheNext()
    {
        var chain = new Chain(null) { FarWaits = true };
        await using var far = await chain.StartFarAsync();
        await using var near = await chain.StartNearAsync(far);
        using var cancel = new CancellationTokenSource();
        var call = near.Client().UnaryAsync(new EchoMessage(), cancellationToken: cancel.Token);
        await chain.FarReached.Task.Guarded();

        await cancel.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await call.FailureAsync()).StatusCode);
        await chain.FarCancelled.Task.Guarded();
        Assert.Equal(StatusCode.Cancelled, await chain.NextEnded.Guarded());
    }

    [Fact]
    public async Task Cancellation_TurnedOff_LeavesTheNextCallAlone()
    {
        var chain = new Chain(new ContextPropagationOptions(propagateCancellation: false)) { FarWaits = true };
        await using var far = await chain.StartFarAsync();
        await using var near = await chain.StartNearAsync(far);
        using var cancel = new CancellationTokenSource();
        var call = near.Client().UnaryAsync(new EchoMessage(), cancellationToken: cancel.Token);
        await chain.FarReached.Task.Guarded();

        await cancel.CancelAsync();
        await call.FailureAsync();
        await chain.NearCancelled.Task.Guarded();
        chain.FarGo.Reach();

        Assert.Equal(StatusCode.OK, await chain.NextEnded.Guarded());
    }

    [Fact]
    public async Task Cancellation_BeforeTheNextCallStarts_SendsNothing()
    {
        var chain = new Chain(null) { NearWaitsForCancellation = true };
        await using var far = await chain.StartFarAsync();
        await using var near = await chain.StartNearAsync(far);
        using var cancel = new CancellationTokenSource();
        var call = near.Client().UnaryAsync(new EchoMessage(), cancellationToken: cancel.Token);
        await chain.NearReached.Task.Guarded();

        await cancel.CancelAsync();
        await call.FailureAsync();

        Assert.Equal(StatusCode.Cancelled, await chain.NextEnded.Guarded());
        Assert.False(chain.FarReached.Task.IsCompleted);
    }

    [Fact]
    public void Options_Defaults_PropagateBoth()
    {
        Assert.True(ContextPropagationOptions.Default.IsPropagateDeadline);
        Assert.True(ContextPropagationOptions.Default.IsPropagateCancellation);
        Assert.Null(new CallOptions().PropagationToken);
    }

    /// <summary>Two servers; the handler of the near one makes the same call on the far one, with a token of its own call.</summary>
    private sealed class Chain(ContextPropagationOptions? options)
    {
        private readonly TaskCompletionSource<StatusCode> _nextEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public DateTime? OwnDeadline { get; init; }

        public bool FarWaits { get; init; }

        public bool NearWaitsForCancellation { get; init; }

        public DateTime FarDeadline { get; private set; }

        public SyncPoint NearReached { get; } = new();

        public SyncPoint NearCancelled { get; } = new();

        public SyncPoint FarReached { get; } = new();

        public SyncPoint FarCancelled { get; } = new();

        public SyncPoint FarGo { get; } = new();

        /// <summary>How the call from the near to the far server ended.</summary>
        public Task<StatusCode> NextEnded => _nextEnded.Task;

        public Task<EchoHost> StartFarAsync() => EchoHost.StartAsync(new EchoService
        {
            OnUnary = async (request, context) =>
            {
                FarDeadline = context.Deadline;
                using var cancelled = context.CancellationToken.Register(FarCancelled.Reach);
                FarReached.Reach();
                if (FarWaits)
                    await Task.WhenAny(FarGo.Task, FarCancelled.Task).Guarded();
                return request;
            },
        });

        public Task<EchoHost> StartNearAsync(EchoHost far) => EchoHost.StartAsync(new EchoService
        {
            OnUnary = async (request, context) =>
            {
                using var cancelled = context.CancellationToken.Register(NearCancelled.Reach);
                NearReached.Reach();
                if (NearWaitsForCancellation)
                    await NearCancelled.Task.Guarded();
                var call = new CallOptions(deadline: OwnDeadline).WithPropagationToken(context.CreatePropagationToken(options));
                try
                {
                    var response = await far.Client().UnaryAsync(request, call).Guarded();
                    _nextEnded.TrySetResult(StatusCode.OK);
                    return response;
                }
                catch (RpcException exception)
                {
                    _nextEnded.TrySetResult(exception.StatusCode);
                    throw;
                }
            },
        });
    }
}

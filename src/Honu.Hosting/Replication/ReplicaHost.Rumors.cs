using Grpc.Core;
using Honu.Replication;
using Honu.Replication.Messages;

namespace Honu.Hosting;

/// <content>Pushes of rumors, one call each on the connections that sessions keep.</content>
public sealed partial class ReplicaHost
{
    // More than that wait for the loop already: who pushes comes again soon, with everything that has come since.
    private const int MaxWaitingPushes = 256;

    // Long after the state machine has given the push up; a call must end some time.
    private static readonly TimeSpan PushTimeout = TimeSpan.FromSeconds(10);

    // gRPC puts a flag and a length before each message.
    private const int FrameBytes = 5;

    // Used by the loop only.
    private readonly Dictionary<PushId, TaskCompletionSource<RumorAnswer>> _pushes = [];
    private int _waitingPushes;

    /// <summary>Takes what a peer has pushed.</summary>
    internal async Task<RumorAnswer> TakeRumorsAsync(RumorBatch batch, PeerIdentity? identity, CancellationToken cancellationToken)
    {
        if (_loop is null || _stopping.IsCancellationRequested)
            throw new RpcException(new Status(StatusCode.Unavailable, "The replica is not running. Try again in a moment."));
        if (Interlocked.Increment(ref _waitingPushes) > MaxWaitingPushes)
        {
            Interlocked.Decrement(ref _waitingPushes);
            return new RumorAnswer { Outcome = RumorAnswer.Types.Outcome.Busy };
        }

        try
        {
            return await (await AskAsync(() => Take(batch, identity), cancellationToken).ConfigureAwait(false)).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waitingPushes);
        }
    }

    private Task<RumorAnswer> Take(RumorBatch batch, PeerIdentity? identity)
    {
        var push = _replica.NextPushId();
        var answer = new TaskCompletionSource<RumorAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pushes.Add(push, answer);
        try
        {
            HandleEvent(new ReplicaEvent.RumorsReceived(push, identity, batch, batch.CalculateSize() + FrameBytes));
        }
        finally
        {
            // The answer is among the effects; without one, the store could not even be asked.
            if (_pushes.Remove(push))
                answer.TrySetResult(new RumorAnswer { Outcome = RumorAnswer.Types.Outcome.Busy });
        }

        return answer.Task;
    }

    private void AnswerRumors(ReplicaEffect.AnswerRumors effect)
    {
        if (_pushes.Remove(effect.Push, out var answer))
            answer.TrySetResult(effect.Answer);
    }

    private async Task PushAsync(ReplicaEffect.SendRumors send)
    {
        try
        {
            var connection = _connections.Get(send.Address);
            if (!connection.MayLeadTo(_store.Identity.Cluster, send.Address.Pid, out var isKnown))
            {
                // With certificates, nothing is told before it is known who listens: a session settles that first.
                Post(isKnown
                    ? new ReplicaEvent.RumorsFailed(send.Push, IsUnsupported: false, $"another replica than {send.Address.Pid} of this cluster answers at {send.Address.Endpoint}")
                    : new ReplicaEvent.RumorsAnswered(send.Push, new RumorAnswer { Outcome = RumorAnswer.Types.Outcome.NotIntroduced }, 0));
                return;
            }

            var options = new CallOptions(deadline: (_time.GetUtcNow() + PushTimeout).UtcDateTime, cancellationToken: _stopping.Token);
            using var call = connection.Client.PushAsync(send.Batch, options);
            var answer = await call.ResponseAsync.ConfigureAwait(false);
            Post(new ReplicaEvent.RumorsAnswered(send.Push, answer, answer.CalculateSize() + FrameBytes));
        }
        catch (Exception error)
        {
            // Lost, for whatever reason: the state machine sends it again.
            Post(new ReplicaEvent.RumorsFailed(send.Push, (error as RpcException)?.StatusCode == StatusCode.Unimplemented, Describe(error)));
        }
    }
}

using Grpc.Core;
using Honu.Replication;
using Honu.Replication.Messages;

namespace Honu.Hosting;

/// <content>Pushes of rumors, one call each on the connections that sessions keep.</content>
public sealed partial class ReplicaHost
{
    // Long after the state machine has given the push up; a call must end some time.
    private static readonly TimeSpan PushTimeout = TimeSpan.FromSeconds(10);

    // gRPC puts a flag and a length before each message.
    private const int FrameBytes = 5;

    // Used by the loop only.
    private readonly Dictionary<PushId, TaskCompletionSource<RumorAnswer>> _pushes = [];
    private readonly WaitingPushes _waiting = new();

    /// <summary>Takes what a peer has pushed.</summary>
    internal async Task<RumorAnswer> TakeRumorsAsync(RumorBatch batch, PeerIdentity? identity, CancellationToken cancellationToken)
    {
        if (_loop is null || _stopping.IsCancellationRequested)
            throw new RpcException(new Status(StatusCode.Unavailable, "The replica is not running. Try again in a moment."));
        var bytes = batch.CalculateSize() + FrameBytes;
        if (bytes > WaitingPushes.MaxPushBytes)
            return new RumorAnswer { Outcome = RumorAnswer.Types.Outcome.Malformed, Message = $"a push has {bytes} bytes; at most {WaitingPushes.MaxPushBytes} are taken" };
        if (!_waiting.TryEnter(bytes))
            return new RumorAnswer { Outcome = RumorAnswer.Types.Outcome.Busy, Message = "too many pushes wait already" };
        Task<Task<RumorAnswer>> taken;
        try
        {
            taken = AskAsync(() => Take(batch, identity, bytes), cancellationToken);
        }
        catch (InvalidOperationException)
        {
            // Stopped in between.
            _waiting.Leave(bytes);
            throw new RpcException(new Status(StatusCode.Unavailable, "The replica is not running. Try again in a moment."));
        }

        return await (await taken.ConfigureAwait(false)).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private Task<RumorAnswer> Take(RumorBatch batch, PeerIdentity? identity, int bytes)
    {
        // Not when the caller goes: what it has left behind waits all the same.
        _waiting.Leave(bytes);
        var push = _replica.NextPushId();
        var answer = new TaskCompletionSource<RumorAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pushes.Add(push, answer);
        try
        {
            HandleEvent(new ReplicaEvent.RumorsReceived(push, identity, batch, bytes));
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

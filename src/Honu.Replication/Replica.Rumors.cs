using Honu.Replication.Messages;

namespace Honu.Replication;

/// <content>Fresh writes, pushed at once.</content>
public sealed partial class Replica
{
    private long _lastPushId;

    /// <summary>A fresh id for a push that a peer makes.</summary>
    public PushId NextPushId() => new(++_lastPushId);

    private void HandleRumors(ReplicaEvent happened)
    {
        if (happened is ReplicaEvent.RumorsReceived received)
            _effects.Add(new ReplicaEffect.AnswerRumors(received.Push, new RumorAnswer { Outcome = RumorAnswer.Types.Outcome.Unsupported }));
    }
}

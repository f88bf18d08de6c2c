using Google.Protobuf;
using Honu.Replication;
using Honu.Replication.Messages;

namespace Honu.Simulation;

// Pushes: each is a message by itself, and so is its answer.
public sealed partial class SimulatedReplica
{
    private readonly Dictionary<PushId, Action<RumorAnswer>> _received = [];

    private void SendRumors(ReplicaEffect.SendRumors send)
    {
        var receiver = _network.Find(send.Address);
        var bytes = send.Batch.ToByteArray();
        var generation = Generation;
        _network.PushTap?.Invoke(this, receiver, send.Batch);
        _network.SendSingle(
            this,
            receiver,
            bytes,
            () => receiver.Receive(this, generation, send.Push, bytes),
            () => HandleIfRunning(new ReplicaEvent.RumorsFailed(send.Push, IsUnsupported: false, "connection refused"), generation));
    }

    private void Receive(SimulatedReplica sender, int generation, PushId push, byte[] bytes)
    {
        // A process that is gone answers nobody.
        if (_replica is null)
            return;
        var received = _replica.NextPushId();
        _received.Add(received, answer =>
        {
            var answered = answer.ToByteArray();
            _network.SendPacket(this, sender, answered, () => sender.HandleIfRunning(new ReplicaEvent.RumorsAnswered(push, RumorAnswer.Parser.ParseFrom(answered), answered.Length + SimulatedNetwork.FrameBytes), generation));
        });
        Handle(new ReplicaEvent.RumorsReceived(received, Peer: null, RumorBatch.Parser.ParseFrom(bytes), bytes.Length + SimulatedNetwork.FrameBytes));
    }

    private void AnswerRumors(ReplicaEffect.AnswerRumors effect)
    {
        if (_received.Remove(effect.Push, out var answer))
            answer(effect.Answer);
    }
}

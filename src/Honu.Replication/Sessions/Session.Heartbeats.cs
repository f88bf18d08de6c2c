using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Replication;

// How recent the two sides are. A mark is taken before the state that is told, and counts only when all of that state is here.
internal sealed partial class Session
{
    private Heartbeat[] _toTell = [];
    private Heartbeat[] _told = [];
    private bool _peerWantsHeartbeats;
    private bool _peerHoldsEverything;

    private HeartbeatTable Heartbeats => _context.Heartbeats;

    // Before the summaries: what is written later is not vouched for.
    private void CaptureHeartbeats() => _toTell = Heartbeats.Capture(Store.Identity.Replica, Store.WallClockUnixMs);

    private void ReceiveHeartbeatWish(Hello hello)
    {
        _peerWantsHeartbeats = hello.WantsHeartbeats;

        // Who holds a part only vouches for that part only.
        _peerHoldsEverything = hello.Subscriptions.Count == 0 && hello.Readable.Count == 0;
    }

    private ByteString HeartbeatsToTell() => _peerWantsHeartbeats ? HeartbeatCodec.Encode(_toTell) : ByteString.Empty;

    private void ReceiveHeartbeats(Complete complete) => HeartbeatCodec.TryDecode(complete.Heartbeats.Span, out _told);

    // A stream whose target could not be joined leaves a gap that the mark would cover up.
    private void TakeHeartbeats()
    {
        if (_peerHoldsEverything && _told.Length > 0 && _differing!.All(name => _incoming.TryGetValue(name, out var stream) && stream.IsJoined))
            Heartbeats.Take(Store.Identity.Replica, _told, Store.WallClockUnixMs);
    }
}

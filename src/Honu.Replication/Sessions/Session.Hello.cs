using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Replication;

internal sealed partial class Session
{
    // More than this is not sent before the peer has said what it holds.
    private const int MaxSpeculativeNamespaces = 16;

    private readonly HashSet<string> _toldNames = new(StringComparer.Ordinal);
    private readonly HashSet<string> _speculated = new(StringComparer.Ordinal);
    private readonly Dictionary<string, VersionVector> _speculativeBases = new(StringComparer.Ordinal);

    private Guid RemoteIncarnation { get; set; }

    private void SayHello()
    {
        CaptureHeartbeats();

        // What a summary is about should be durable, so that an equal peer learns that it is: free when nothing was written since.
        Store.Barrier();
        Membership.Members.RefreshSelf();
        _ourSubscriptions = Membership.Subscriptions.List;
        _described = Access.Visible(Store.DescribeNamespaces().Where(described => _ourSubscriptions.Wants(described.Key)));
        Access.HasSpoken = true;
        var hello = SessionHello.Build(Store, _described);
        hello.Region = Membership.Members.OwnRegion;
        hello.Session = UnsafeByteOperations.UnsafeWrap(_nonce);
        hello.Verify = _verify;
        hello.WantsHeartbeats = Heartbeats.IsWanted;
        hello.Readable.Add(Access.Told);
        hello.Subscriptions.Add(_ourSubscriptions.ToWire());
        hello.MembersDigest = Membership.Members.Digest;
        hello.Address = Membership.Members.OwnAddress;
        Send(new SessionMessage { Hello = hello });
        if (IsInitiator && Peer is not null && !_verify)
            Speculate(Peer);
    }

    // What was written here since the last session with this peer it probably lacks: sent along, it saves a round trip. The stream names
    // the base that it was made for, so a peer that has lost something meanwhile does not join it (T7).
    private void Speculate(Peer peer)
    {
        foreach (var (name, description) in _described)
        {
            if (_speculated.Count == MaxSpeculativeNamespaces)
                break;
            if (peer.FindCovered(name) is not { } covered || covered.Dominates(description.Vector))
                continue;
            var stream = OutgoingStream.Speculative(TakeSnapshot(), name, covered);
            if (stream?.Next(_block, _context.Options, out var records) is not { Last: true } chunk)
                continue;
            _speculated.Add(name);
            _speculativeBases.Add(name, covered);
            TellVectors([name]);
            SendChunk(chunk, records);
        }
    }

    private void ReceiveHello(Hello hello, TimeSpan now)
    {
        if (IsOwnHello(hello))
        {
            MeetSelf(now);
            return;
        }

        if ((Access.FindObjection(hello) ?? SessionHello.FindObjection(Store, hello, _expectedPid)) is { } objection)
        {
            Refuse(objection.Reason, objection.Message, now);
            return;
        }

        if (SessionHello.IsTwin(Store, hello))
        {
            EndWithTwin(now);
            return;
        }

        if (IsInitiator)
            _report = _report with { RoundTrip = now - _started };
        ReceiveHeartbeatWish(hello);
        var remote = ReplicaId.FromUInt64(hello.Replica);
        Remote = remote;
        Peer ??= _context.FindPeer(remote);
        RemoteRegion = hello.Region.Length > 0 ? hello.Region : null;
        RemoteIncarnation = SessionHello.ToGuid(hello.Incarnation);
        _remoteNonce = hello.Session.ToByteArray();
        _verify |= hello.Verify;
        Store.Describe(remote, new ReplicaDescription(Regions.IsMeasured(RemoteRegion) ? null : RemoteRegion, hello.Owner.Length > 0 ? hello.Owner : null, SessionHello.ToGuid(hello.StoreId)));

        // Both sides count with the smaller window: a grant that waits for a quarter of a larger one would never come.
        var window = Math.Min(hello.WindowBytes, MessageLimits.WindowBytes);
        _sendCredit = new FlowCredit(window);
        _receiveCredit = new FlowCredit(window);
        _report = _report with
        {
            Initiator = IsInitiator ? Store.Identity.Replica : remote,
            Responder = IsInitiator ? remote : Store.Identity.Replica,
            RoundTrips = 1,
        };
        Meet(hello);
        if (!IsInitiator)
            SayHello();
        _differing = FindDiffering(hello);
        TellMembersIfTheyDiffer(hello);
        NoteEqual(hello);
        _awaited.UnionWith(_differing);

        // The initiator tells its vectors as differences to those that come next.
        if (!IsInitiator)
            TellVectors(_differing);
        if (_differing.Count > 0)
        {
            if (_verify)
                _report = _report with { ComparisonsSkipped = _differing.Count + hello.Namespaces.Count(theirs => IsEqual(theirs) && IsShared(theirs.Name)) };
            return;
        }

        if (FindWorthComparing(hello) is { Count: > 0 } suspects)
            BeginRepair(suspects, now);
        else
            SendComplete(now);
    }

    // Both must learn of it while each still has the name in question: the responder answers before it takes another one.
    private void EndWithTwin(TimeSpan now)
    {
        var own = Store.Identity.Replica;
        if (!Store.TryBelieveTwin())
        {
            Refuse(Refusal.Types.Reason.Identity, $"the peer calls itself replica {own}, an epoch that began here not long ago for another such peer: find out who that is", now);
            return;
        }

        if (!IsInitiator)
            SayHello();
        Store.ReissueEpoch();
        Refuse(Refusal.Types.Reason.Retry, $"another process writes as replica {own} as well, from a copy of the same directory: both have taken a new epoch, and written their objects of the old one again. Give one of them a --pid of its own", now);
    }

    private HashSet<string> FindDiffering(Hello hello)
    {
        var differing = new HashSet<string>(_described.Keys, StringComparer.Ordinal);
        foreach (var theirs in hello.Namespaces)
        {
            if (IsEqual(theirs))
                differing.Remove(theirs.Name);
            else
                differing.Add(theirs.Name);
        }

        differing.RemoveWhere(name => !IsShared(name));
        return differing;
    }

    private bool IsEqual(NamespaceSummary theirs) => _described.TryGetValue(theirs.Name, out var ours) && theirs.Summary.Span.SequenceEqual(ours.Summary);

    // Equal summaries mean equal vectors: what the peer calls durable is acknowledged up to our own vector.
    private void NoteEqual(Hello hello)
    {
        foreach (var theirs in hello.Namespaces)
        {
            if (!IsEqual(theirs) || !IsShared(theirs.Name))
                continue;
            var vector = _described[theirs.Name].Vector;
            Peer?.NoteCovered(theirs.Name, vector);
            if (theirs.Durable)
                NoteAcknowledged(theirs.Name, vector);
        }
    }

    // Each is told once.
    private void TellVectors(IEnumerable<string> names)
    {
        var vectors = new Vectors();
        foreach (var name in names.Where(_toldNames.Add))
        {
            if (!Access.MayWrite(name))
            {
                vectors.Namespaces.Add(new NamespaceVector { Name = name, Declined = true });
                continue;
            }

            var state = Store.State(name);
            var cursor = Remote is { } remote && Store.FindCursor(name, remote) is { } found && found.Incarnation == RemoteIncarnation ? found : null;
            var received = Remote is { } sender ? state.ReceivedFrom(sender) : state.Vector;
            _incoming.Add(name, new IncomingStream(Store, name, () => (Remote!.Value, RemoteIncarnation), received, state.IsEmpty, cursor) { Running = _context.IncomingStreams });
            _toldHere[name] = received;
            vectors.Namespaces.Add(NamespaceVectors.Tell(name, state, received, cursor, _toldThere.GetValueOrDefault(name)));
        }

        if (vectors.Namespaces.Count == 0)
            return;
        Send(new SessionMessage { Vectors = vectors });
    }

    private ReplicationSnapshot TakeSnapshot()
    {
        if (_snapshot is not null)
            return _snapshot;

        // First the snapshot, then the barrier: everything in the snapshot is durable before any of it is shipped.
        _snapshot = Store.CreateSnapshot();
        Store.Barrier();
        return _snapshot;
    }

    // The next session with this peer may begin where this one ends.
    private void NoteCovered()
    {
        foreach (var (name, vector) in _streamed)
            Peer?.NoteCovered(name, vector);
    }
}

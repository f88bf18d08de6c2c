using Honu.Format;

namespace Honu.Tests.Purging;

/// <summary>One stream from a replica to another, a chunk at a time: a delta where the receiver dominates the sender's frontier, else a full stream; resumed where it may be.</summary>
internal sealed class PeerTransfer : IDisposable
{
    private readonly PurgingReplica _to;
    private readonly ReplicationSnapshot _snapshot;
    private readonly ReplicaId _sender;
    private readonly Guid _incarnation;
    private readonly VersionVector _base;
    private readonly StreamCursor? _resumed;
    private readonly RecordBlockWriter _block = new();
    private VersionId _position;
    private byte[] _key = [];
    private bool _sendsRest;

    public PeerTransfer(PurgingReplica from, PurgingReplica to, bool? full = null)
    {
        _to = to;
        (_sender, _incarnation) = (from.Id, from.Store.Identity.Incarnation);
        _snapshot = from.Port.CreateSnapshot();
        from.Port.Barrier();
        _base = to.State.Vector;
        IsFull = full ?? !_base.Dominates(Frontier);
        if (to.Port.FindCursor(PurgingReplica.Ns, _sender) is not { } cursor || cursor.IsFull != IsFull || cursor.Incarnation != _incarnation || !Target.Dominates(cursor.Target))
            return;
        if (IsFull && !Frontier.Equals(cursor.Frontier))
            return;
        _resumed = cursor;
        _key = cursor.PositionKey ?? [];
        _sendsRest = IsFull && _key.Length > 0;
    }

    public string Name { get; init; } = "";

    public int From { get; init; }

    public int To { get; init; }

    public bool IsFull { get; }

    public bool IsDone { get; private set; }

    /// <summary>What the last chunk did.</summary>
    public ApplyResult Result { get; private set; }

    public int Sent { get; private set; }

    private VersionVector Target => _snapshot.Vector(PurgingReplica.Ns);

    private VersionVector Frontier => _snapshot.Frontier(PurgingReplica.Ns);

    /// <summary>The whole stream at once.</summary>
    public static ApplyResult Run(PurgingReplica from, PurgingReplica to, bool? full = null)
    {
        using var stream = new PeerTransfer(from, to, full);
        return stream.Finish();
    }

    /// <summary>Both ways, as in a session.</summary>
    public static void Sync(PurgingReplica one, PurgingReplica other)
    {
        using var there = new PeerTransfer(one, other);
        using var back = new PeerTransfer(other, one);
        there.Finish();
        back.Finish();
    }

    public ApplyResult Finish()
    {
        while (!IsDone)
            Next(int.MaxValue);
        return Result;
    }

    public void Next(int records)
    {
        _block.Clear();
        if (_sendsRest)
            NextOfRest(records);
        else if (IsFull)
            NextOfAll(records);
        else
            NextOfDelta(records);
        Sent += _block.Count;
    }

    public void Dispose() => _snapshot.Dispose();

    private void NextOfDelta(int records)
    {
        _position = _snapshot.ReadUncovered(PurgingReplica.Ns, _base, _position, _block, records, int.MaxValue, _resumed?.Position ?? default, _resumed?.Target);
        IsDone = _position.IsNone;
        var cursor = new StreamCursor(_sender, _incarnation, Target, _position);
        Result = _to.Port.Apply(PurgingReplica.Ns, _block.Bytes.Span, cursor, IsDone ? new VectorJoin(_base, Target) { Frontier = Frontier, PurgeMark = _snapshot.PurgeMark(PurgingReplica.Ns) } : null);
    }

    // R5: before the position, everything that the target of the broken stream does not cover.
    private void NextOfRest(int records)
    {
        _position = _snapshot.ReadUncovered(PurgingReplica.Ns, _resumed!.Target, _position, _block, records, int.MaxValue);
        _sendsRest = !_position.IsNone;
        Result = _to.Port.Apply(PurgingReplica.Ns, _block.Bytes.Span, Cursor(), join: null);
    }

    private void NextOfAll(int records)
    {
        var next = _snapshot.ReadAll(PurgingReplica.Ns, _key, _block, records, int.MaxValue);
        IsDone = next is null;
        _key = next ?? [];
        var join = IsDone ? new VectorJoin(new VersionVector(), Target) { IsFull = true, Frontier = Frontier, PurgeMark = _snapshot.PurgeMark(PurgingReplica.Ns) } : null;
        Result = _to.Port.Apply(PurgingReplica.Ns, _block.Bytes.Span, Cursor(), join);
    }

    private StreamCursor Cursor() => new(_sender, _incarnation, Target, default) { IsFull = true, Frontier = Frontier, PositionKey = _key.Length > 0 ? _key : null };
}

using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <content>
/// Own writes on their way out. The first write after a quiet time goes after 2 ms, the next flush 20 ms later at the earliest; under load both
/// the neighbours and the other regions are told as often as the token buckets allow, of the latest version of each key. A power loss
/// must not take what others have: a barrier comes first (R11).
/// </content>
internal sealed partial class RumorMill
{
    // As often as a store that has failed is tried again.
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, ulong> _marks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Told> _told = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ulong After, Rumor Rumor)> _built = new(StringComparer.Ordinal);
    private readonly RecordBlockWriter _block = new();
    private readonly TokenBucket _crossBucket;
    private readonly TokenBucket _flushBucket;
    private readonly RumorSet _outbox;
    private ReplicaId _epoch;
    private TimeSpan _flushDue = TimeSpan.MaxValue;
    private TimeSpan _lastFlush = TimeSpan.MinValue;
    private TimeSpan _crossDue = TimeSpan.MaxValue;
    private TimeSpan _lastCross = TimeSpan.MinValue;

    private TimeSpan NextFlush => _flushDue < _crossDue ? _flushDue : _crossDue;

    /// <summary>Who gathers for the region: nobody while each writer may push by itself. This replica itself counts as nobody.</summary>
    private RumorPeer? Gatherer
    {
        get
        {
            if (!_load.Judge(_farLanes.Count, _pace.CrossRegionRate, _now))
                return null;
            foreach (var peer in _regions.Neighbours)
            {
                if (peer.Pid > _store.Identity.Replica.Pid)
                    return null;
                if (peer.IsUsable(_now))
                    return peer;
            }

            return null;
        }
    }

    /// <summary>There are new own writes.</summary>
    public void LocalCommit(TimeSpan now)
    {
        _now = now;
        if (_flushDue == TimeSpan.MaxValue)
            _flushDue = Latest(now + _pace.FlushDelay, After(_lastFlush, _pace.FlushInterval), _flushBucket.When(1, now));
    }

    private void FlushIfDue()
    {
        try
        {
            if (_flushDue <= _now)
            {
                _flushDue = TimeSpan.MaxValue;
                _lastFlush = _now;
                _flushBucket.TakeUpTo(1, _now);
                FlushOwn();
            }

            if (_crossDue <= _now)
                FlushAcross();

            // What nobody else is to be told need not be kept.
            if (_crossDue == TimeSpan.MaxValue)
                _built.Clear();
        }
        catch (HonuException)
        {
            // The store cannot make its writes durable, or not read them: they count as told to nobody yet. What others have sent goes on.
            _flushDue = _crossDue = _now + FailurePause;
        }
    }

    private void FlushOwn()
    {
        ReadMarks();
        if (_farLanes.Count == 0 && _regions.Neighbours.Count == 0)
        {
            // Nobody is there to be told: nothing is read, nor made durable.
            foreach (var (ns, mark) in _marks)
                _told[ns] = new Told(mark, mark);
            return;
        }

        var gatherer = _farLanes.Count == 0 ? null : Gatherer;
        var rumors = Build(gatherer is null ? static told => told.Local : static told => told.Across, out var marks);
        foreach (var (ns, to) in marks)
            _told[ns] = new Told(to, gatherer is null && _farLanes.Count > 0 ? _told.GetValueOrDefault(ns).Across : to);
        if (marks.Count == 0)
            return;
        _load.Add(_now);
        LastNews = _now;
        if (gatherer is not null && rumors.Count > 0)
        {
            AddAll(LaneTo(gatherer, LocalRole.Carry), rumors);
            return;
        }

        FanOut(rumors, except: 0);
        FlushAcrossSoon();
    }

    private void FlushAcrossSoon()
    {
        if (_farLanes.Count > 0 && _crossDue == TimeSpan.MaxValue)
            _crossDue = Latest(_now, After(_lastCross, _pace.FlushInterval), _crossBucket.When(_farLanes.Count, _now));
    }

    private void FlushAcross()
    {
        var due = _crossBucket.When(_farLanes.Count, _now);
        _crossDue = due > _now ? due : TimeSpan.MaxValue;
        if (due > _now)
            return;
        _load.Judge(_farLanes.Count, _pace.CrossRegionRate, _now);
        ReadMarks();
        var own = Build(static told => told.Across, out var marks);
        foreach (var (ns, to) in marks)
            _told[ns] = new Told(_told.GetValueOrDefault(ns).Local, to);

        // With what was gathered for others, and within the same limit.
        foreach (var rumor in own)
        {
            if (!_outbox.TryAdd(rumor))
                LeaveToSessions();
        }

        var all = _outbox.Take();
        if (all.Count == 0)
            return;
        _lastCross = _now;
        _crossBucket.TryTake(_farLanes.Count, _now);
        foreach (var lane in _farLanes.Values)
            SendFresh(lane, all);
    }

    private void ReadMarks()
    {
        var replica = _store.ReadOwnMarks(_marks);
        if (replica == _epoch)
            return;

        // Nothing was written under the new name before it began. What was not told under the old one is for sessions to bring.
        _epoch = replica;
        _told.Clear();
        _host.HurrySessions();
    }

    /// <summary>Makes the rumors of own writes after some marks, and makes the writes durable.</summary>
    private List<Rumor> Build(Func<Told, ulong> from, out List<(string Namespace, ulong To)> marks)
    {
        var rumors = new List<Rumor>();
        marks = [];
        foreach (var (ns, mark) in _marks)
        {
            var known = _told.GetValueOrDefault(ns);
            var told = from(known);
            if (mark <= told)
                continue;
            if (!_host.Wants(ns))
            {
                marks.Add((ns, mark));
                continue;
            }

            // The other regions mostly get what the neighbours have just got.
            if (_built.TryGetValue(ns, out var built) && built.After == told && built.Rumor.To == mark && built.Rumor.Origin == _epoch.ToUInt64())
            {
                marks.Add((ns, mark));
                rumors.Add(built.Rumor);
                continue;
            }

            _block.Clear();

            // Either side may be ahead of the other: what one of them has not been told is not to be forgotten.
            var writes = _store.ReadOwnWrites(ns, _epoch, Math.Min(known.Local, known.Across), told, _block, _pace.MaxRecords, _pace.MaxBytes - RumorSet.Overhead);
            marks.Add((ns, Math.Max(writes.To, mark)));
            if (writes.IsTooMuch)
                LeaveToSessions();
            if (writes.To <= writes.From)
                continue;
            var rumor = new Rumor { Namespace = ns, Origin = _epoch.ToUInt64(), From = writes.From, To = writes.To, Records = ByteString.CopyFrom(_block.Bytes.Span) };
            _built[ns] = (told, rumor);
            rumors.Add(rumor);
        }

        if (rumors.Count > 0)
            _store.Barrier();
        return rumors;
    }

    private void LeaveToSessions()
    {
        Counts.Add(RumorCount.LeftToSessions);
        _host.HurrySessions();
    }

    private static TimeSpan After(TimeSpan last, TimeSpan pause) => last == TimeSpan.MinValue ? last : last + pause;

    private static TimeSpan Latest(TimeSpan a, TimeSpan b, TimeSpan c)
    {
        var latest = a > b ? a : b;
        return latest > c ? latest : c;
    }

    /// <summary>Own writes of one namespace that were sent: to the neighbours, and to other regions.</summary>
    private readonly record struct Told(ulong Local, ulong Across);
}

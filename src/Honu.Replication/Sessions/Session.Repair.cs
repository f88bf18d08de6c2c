using System.Buffers.Binary;
using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>
/// The comparison of contents (R13), one namespace after the other. Only where summaries are equal: then nothing is on its way that
/// would differ anyway, and what differs was lost.
/// <code>
/// initiator                                  responder
/// DigestTree (a sum for each bucket)  →
///                                     ←      DigestDifference (sixteen sums for each bucket that differs)
/// RepairItems (one number a record)   →
///                                     ←      RepairRecords…, RepairAnswer (what the responder lacks)
/// RepairRecords… last                 →
///                                     ←      RepairRecords… last       what beats a record that came
/// </code>
/// </summary>
internal sealed partial class Session
{
    // A scan of a large namespace takes its time: the other side waits that long for what is announced.
    private const int ScanAllowanceBytes = 4 * 1024 * 1024;

    private readonly Queue<string> _toCompare = new();
    private readonly Queue<(ByteString Records, int Count)> _better = new();
    private bool _verify;
    private bool _isComparing;
    private readonly HashSet<string> _answered = new(StringComparer.Ordinal);

    // Each step comes once, and not while the one before is still being worked on.
    private SessionMessage.BodyOneofCase _nextStep;
    private string? _compared;
    private RepairView? _view;
    private RepairAnswer? _answer;
    private Action<object>? _background;
    private Action? _whenSent;

    private bool IsComparing => _isComparing;

    private List<string> FindWorthComparing(Hello hello)
    {
        var suspects = new List<string>();
        foreach (var theirs in hello.Namespaces)
        {
            if (!IsEqual(theirs) || !IsShared(theirs.Name) || !Access.MayWrite(theirs.Name))
                continue;
            var differs = theirs.Digest.Length > 0 && _described[theirs.Name].Digest is { } ours && BinaryPrimitives.ReadUInt128LittleEndian(theirs.Digest.Span) != ours;
            if (differs)
                _report = _report with { DigestMismatches = _report.DigestMismatches + 1 };
            if (differs || _verify)
                suspects.Add(theirs.Name);
        }

        suspects.Sort(StringComparer.Ordinal);
        return suspects;
    }

    private void BeginRepair(List<string> names, TimeSpan now)
    {
        _isComparing = true;
        foreach (var name in names)
            _toCompare.Enqueue(name);
        if (IsInitiator)
            GoOnComparing(now);
    }

    // The initiator leads: the next namespace, or the end.
    private void GoOnComparing(TimeSpan now)
    {
        if (!IsInitiator || _compared is not null)
            return;
        if (_toCompare.TryDequeue(out var name))
            Scan(name, buckets: null, view => SendTree(view), now);
        else
            SendComplete(now);
    }

    private bool TryDispatchRepair(SessionMessage message, TimeSpan now)
    {
        switch (message.BodyCase)
        {
            case SessionMessage.BodyOneofCase.DigestTree when !IsInitiator && _compared is null && _differing is { Count: 0 } && !_sentComplete:
                BeginAnswer(message.DigestTree, now);
                return true;
            case SessionMessage.BodyOneofCase.DigestDifference when IsNextStep(message, message.DigestDifference.Namespace):
                ReceiveDifference(message.DigestDifference, now);
                return true;
            case SessionMessage.BodyOneofCase.RepairItems when IsNextStep(message, message.RepairItems.Namespace):
                ReceiveItems(message.RepairItems, now);
                return true;
            case SessionMessage.BodyOneofCase.RepairRecords when message.RepairRecords.Namespace == _compared && _view is not null && _background is null
                && _nextStep is SessionMessage.BodyOneofCase.None or SessionMessage.BodyOneofCase.RepairAnswer:
                ReceiveRecords(message.RepairRecords, now);
                return true;
            case SessionMessage.BodyOneofCase.RepairAnswer when IsNextStep(message, message.RepairAnswer.Namespace):
                SendRecords(Numbers(message.RepairAnswer.Wanted), isLast: true, now);
                return true;
            default:
                return false;
        }
    }

    private bool IsNextStep(SessionMessage message, string ns)
    {
        if (message.BodyCase != _nextStep || ns != _compared || _view is null)
            return false;
        _nextStep = SessionMessage.BodyOneofCase.None;
        return true;
    }

    private void BeginAnswer(DigestTree tree, TimeSpan now)
    {
        if (!_described.ContainsKey(tree.Namespace) || !_answered.Add(tree.Namespace))
            throw SessionHello.Malformed("A peer compares a namespace twice, or one that is not here.");

        // What this side does not compare, by its grants, it calls changed.
        _compared = tree.Namespace;
        if (tree.Changed || !_toCompare.Contains(tree.Namespace))
            SendDifference(new DigestDifference { Namespace = tree.Namespace, Changed = true });
        else
            Scan(tree.Namespace, (int)tree.Buckets, view => Compare(view, tree), now);
    }

    private void Scan(string name, int? buckets, Action<RepairView> then, TimeSpan now)
    {
        _compared = name;
        InBackground(
            cancellation => Store.CreateRepairView(name, buckets, cancellation),
            result =>
            {
                _view = (RepairView)result;
                then(_view);
            },
            now);
    }

    // What reads a whole namespace must not keep the other sessions waiting, and the other side is told that it takes its time.
    private void InBackground(Func<CancellationToken, object> work, Action<object> then, TimeSpan now)
    {
        _background = then;
        Send(new SessionMessage { AnnouncedBytes = ScanAllowanceBytes });
        Moved(now);
        _allowance = TimeSpan.FromSeconds((double)ScanAllowanceBytes / SlowestBytesPerSecond);
        _context.Effects.Add(new ReplicaEffect.RunInBackground(Id, work));
    }

    /// <summary>What <see cref="ReplicaEffect.RunInBackground"/> asked for is there.</summary>
    public void BackgroundDone(object? result, Exception? error, TimeSpan now)
    {
        var then = _background;
        _background = null;
        Moved(now);
        if (error is not null)
            Refuse(SessionRefusal.ReasonFor(error), error.Message, now);
        else if (then is not null && Report is null)
            Guarded(() => then(result!), now);
    }

    // Written to meanwhile, it is not what the summaries were equal about: another session compares it.
    private bool IsAsDescribed(RepairView view) => view.Summary.AsSpan().SequenceEqual(_described[view.Namespace].Summary);

    private void SendTree(RepairView view)
    {
        var isSame = IsAsDescribed(view);
        var sums = isSame ? view.Sums : [0];
        Send(new SessionMessage
        {
            DigestTree = new DigestTree { Namespace = view.Namespace, Buckets = (uint)sums.Length, Sums = Bytes(sums), Changed = !isSame },
        });
        _nextStep = SessionMessage.BodyOneofCase.DigestDifference;
        _report = _report with { RoundTrips = Math.Max(_report.RoundTrips, 2) };
    }

    private void Compare(RepairView view, DigestTree tree)
    {
        var answer = new DigestDifference { Namespace = view.Namespace, Changed = !IsAsDescribed(view) };
        if (!answer.Changed)
        {
            var buckets = view.Compare(Numbers(tree.Sums));
            answer.Buckets.AddRange(buckets.Select(static bucket => (uint)bucket));
            answer.Sums = Bytes(view.PartSums(buckets));
        }

        SendDifference(answer);
    }

    private void SendDifference(DigestDifference answer)
    {
        Send(new SessionMessage { DigestDifference = answer });
        _nextStep = SessionMessage.BodyOneofCase.RepairItems;
        if (answer.Buckets.Count == 0)
            EndNamespace(answer.Changed);
    }

    private void ReceiveDifference(DigestDifference difference, TimeSpan now)
    {
        var buckets = difference.Buckets.Select(static bucket => (int)bucket).ToArray();
        if (buckets.Length == 0)
        {
            EndNamespace(difference.Changed);
            GoOnComparing(now);
            return;
        }

        var view = _view!;
        if (buckets[^1] >= view.Buckets)
            throw SessionHello.Malformed($"A peer names bucket {buckets[^1]} of {view.Buckets}.");
        var parts = view.CompareParts(buckets, Numbers(difference.Sums));
        InBackground(cancellation => view.Items(parts, cancellationToken: cancellation), result => SendItems(view, parts, (IReadOnlyList<ulong[]>)result), now);
    }

    private void SendItems(RepairView view, int[] parts, IReadOnlyList<ulong[]> items)
    {
        var message = new RepairItems { Namespace = view.Namespace };
        for (var i = 0; i < items.Count; i++)
        {
            message.Parts.Add((uint)parts[i]);
            message.Counts.Add((uint)items[i].Length);
        }

        message.Items = Bytes([.. items.SelectMany(static part => part)]);
        Send(new SessionMessage { RepairItems = message });
        _nextStep = SessionMessage.BodyOneofCase.RepairAnswer;
        _report = _report with { RoundTrips = Math.Max(_report.RoundTrips, 3) };
    }

    private void ReceiveItems(RepairItems theirs, TimeSpan now)
    {
        var view = _view!;
        var parts = theirs.Parts.Select(static part => (int)part).ToArray();
        if (parts.Length > 0 && parts[^1] >= view.Buckets * RepairView.PartsPerBucket)
            throw SessionHello.Malformed($"A peer names part {parts[^1]} of {view.Buckets * RepairView.PartsPerBucket}.");
        InBackground(
            cancellation => view.Items(parts, cancellationToken: cancellation),
            result =>
            {
                var ours = ((IReadOnlyList<ulong[]>)result).SelectMany(static part => part).ToHashSet();
                var wanted = Numbers(theirs.Items);
                var lacked = ours.Except(wanted).ToArray();
                _answer = new RepairAnswer { Namespace = view.Namespace, Wanted = Bytes([.. wanted.Where(item => !ours.Contains(item))]) };
                SendRecords(lacked, isLast: false, now);
            },
            now);
    }

    private void ReceiveRecords(RepairRecords records, TimeSpan now)
    {
        Access.CheckRecords(records.Namespace, records.Records.Span);
        var block = new RecordBlockWriter();
        var result = Store.ApplyRepair(_view!, records.Records.Span, block);
        if (!records.Last && result.Updates.Changes == 0 && records.Records.Length < SmallChunkBytes)
            NoteIdle();
        _updates.Add(result.Updates);
        _report = _report with { ObjectsRepaired = _report.ObjectsRepaired + result.Updates.Total };
        if (block.Count > 0)
            _better.Enqueue((ByteString.CopyFrom(block.Bytes.Span), block.Count));
        if (!records.Last)
            return;
        if (IsInitiator)
        {
            EndNamespace(changed: false);
            GoOnComparing(now);
        }
        else
        {
            SendRecords([], isLast: true, now);
        }
    }

    private void SendRecords(ulong[] items, bool isLast, TimeSpan now)
    {
        _outgoing.Enqueue(new RepairSource(_view!, items, isLast, _better, records => _whenSent = () => RecordsSent(isLast, records)));
        Pump(now);
    }

    private void RecordsSent(bool isLast, int records)
    {
        _report = _report with { ObjectsRepaired = _report.ObjectsRepaired + records, RoundTrips = Math.Max(_report.RoundTrips, isLast ? 4 : 3) };
        if (_answer is { } answer)
        {
            _answer = null;
            Send(new SessionMessage { RepairAnswer = answer });
        }
        else if (isLast && !IsInitiator)
        {
            EndNamespace(changed: false);
        }
    }

    private void EndNamespace(bool changed)
    {
        if (changed)
            _report = _report with { ComparisonsSkipped = _report.ComparisonsSkipped + 1 };
        _view?.Dispose();
        _view = null;
        _compared = null;
        _nextStep = SessionMessage.BodyOneofCase.None;
    }

    private void EndRepair()
    {
        _view?.Dispose();
        _view = null;
        _toCompare.Clear();
    }

    private static ulong[] Numbers(ByteString bytes)
    {
        var numbers = new ulong[bytes.Length / sizeof(ulong)];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span[(i * sizeof(ulong))..]);
        return numbers;
    }

    private static ByteString Bytes(ulong[] numbers)
    {
        var bytes = new byte[numbers.Length * sizeof(ulong)];
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong)), numbers[i]);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }
}

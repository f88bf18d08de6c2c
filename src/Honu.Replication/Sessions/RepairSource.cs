using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Sends the records that a comparison found missing at the other side, message by message.</summary>
/// <param name="view">Where the records are.</param>
/// <param name="items">Which ones.</param>
/// <param name="isLast">Whether nothing more of the namespace comes from this side.</param>
/// <param name="better">Records that beat ones that came from the other side; taken from it.</param>
/// <param name="sent">Called with the number of records when all of them have been handed over.</param>
internal sealed class RepairSource(RepairView view, ulong[] items, bool isLast, Queue<(ByteString Records, int Count)> better, Action<int> sent) : IOutgoingSource
{
    private int _at;
    private int _sent;

    public bool IsDone { get; private set; }

    public SessionMessage Next(RecordBlockWriter block, ReplicaOptions limits, out int records)
    {
        var message = new RepairRecords { Namespace = view.Namespace };
        if (better.TryDequeue(out var beating))
        {
            (message.Records, records) = beating;
        }
        else
        {
            block.Clear();
            _at = view.Read(items, _at, block, limits.ChunkBytes);
            message.Records = ByteString.CopyFrom(block.Bytes.Span);
            records = block.Count;
        }

        _sent += records;
        IsDone = _at >= items.Length && better.Count == 0;
        message.Last = IsDone && isLast;
        if (IsDone)
            sent(_sent);
        return new SessionMessage { RepairRecords = message };
    }
}

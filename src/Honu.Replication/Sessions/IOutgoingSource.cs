using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Makes messages with records for as long as the link takes them.</summary>
internal interface IOutgoingSource
{
    bool IsDone { get; }

    /// <summary>The next message, with the number of its records in <paramref name="records"/>.</summary>
    SessionMessage Next(RecordBlockWriter block, ReplicaOptions limits, out int records);
}

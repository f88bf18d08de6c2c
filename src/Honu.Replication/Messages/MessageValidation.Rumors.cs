using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <content>Pushed rumors and their answers.</content>
internal static partial class MessageValidation
{
    /// <summary>Most rumors in a batch.</summary>
    public const int MaxRumors = 8192;

    private const int MaxDeliver = 16;

    /// <summary>What is wrong with a batch, or <see langword="null"/>. Its records are checked where they are applied.</summary>
    public static string? FindFault(RumorBatch batch)
    {
        if (ReplicaId.FromUInt64(batch.Sender).Pid == 0)
            return "0 is nobody's pid";
        if (batch.Introduction.Length != RumorIntroduction.Length)
            return "an introduction does not have 8 bytes";
        if (batch.Rumors.Count is 0 or > MaxRumors)
            return "there are no rumors, or too many";
        if (batch.Forward.Count > MessageLimits.MaxMembers || batch.Deliver.Count > MaxDeliver)
            return "a batch is to be handed on to too many";
        foreach (var rumor in batch.Rumors)
        {
            if (!IsNamespace(rumor.Namespace))
                return "a namespace has a wrong length";
            if (ReplicaId.FromUInt64(rumor.Origin).Pid == 0)
                return "a rumor has no origin";
            if (rumor.To <= rumor.From || rumor.To > StoreLimits.MaxScalar)
                return "a rumor covers no range of scalars";
        }

        return null;
    }

    /// <summary>Whether a block is whole and its records pass their checksums: for one that is handed on without being applied.</summary>
    public static bool AreRecords(ReadOnlySpan<byte> block)
    {
        var reader = new RecordBlockReader(block);
        while (reader.MoveNext())
        {
            if (reader.Key.IsEmpty || reader.Key.Length > StoreLimits.MaxKeyBytes || !RecordReader.TryParse(reader.Record, out var record) || !record.Verify(reader.Key))
                return false;
        }

        return !reader.IsMalformed;
    }

    /// <summary>What is wrong with the answer to a batch, or <see langword="null"/>.</summary>
    public static string? FindFault(RumorAnswer answer, int rumors) =>
        !Enum.IsDefined(answer.Outcome) ? "an outcome is not known"
        : !IsText(answer.Message, MessageLimits.TextBytes) ? "an answer's text is too long"
        : answer.Declined.Count > rumors || answer.Declined.Any(place => place >= rumors) ? "what was not taken was not sent"
        : answer.Distances.Count > MessageLimits.MaxMembers ? "there are too many distances"
        : null;
}

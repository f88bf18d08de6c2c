using System.Text;
using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Checks every field of a message before anything is done with it. Records and vectors are checked where they are decoded.</summary>
internal static partial class MessageValidation
{
    private const int IdBytes = 16;
    private const int SummaryBytes = 16;
    private const int ContentDigestBytes = 16;

    /// <summary>What is wrong with a message, or <see langword="null"/>.</summary>
    public static string? FindFault(SessionMessage message) => message.BodyCase switch
    {
        SessionMessage.BodyOneofCase.Hello => FindFault(message.Hello),
        SessionMessage.BodyOneofCase.Vectors => FindFault(message.Vectors),
        SessionMessage.BodyOneofCase.Acknowledged => FindFault(message.Acknowledged),
        SessionMessage.BodyOneofCase.Chunk => FindFault(message.Chunk),
        SessionMessage.BodyOneofCase.AnnouncedBytes => message.AnnouncedBytes > int.MaxValue ? "an announced message is impossibly large" : null,
        SessionMessage.BodyOneofCase.DigestTree => RepairValidation.FindFault(message.DigestTree),
        SessionMessage.BodyOneofCase.DigestDifference => RepairValidation.FindFault(message.DigestDifference),
        SessionMessage.BodyOneofCase.RepairItems => RepairValidation.FindFault(message.RepairItems),
        SessionMessage.BodyOneofCase.RepairAnswer => RepairValidation.FindFault(message.RepairAnswer),
        SessionMessage.BodyOneofCase.RepairRecords => IsNamespace(message.RepairRecords.Namespace) ? null : "a namespace has a wrong length",
        SessionMessage.BodyOneofCase.Credit => message.Credit.Bytes > long.MaxValue ? "a credit is impossibly large" : null,
        SessionMessage.BodyOneofCase.Complete => FindFault(message.Complete),
        SessionMessage.BodyOneofCase.Refusal => IsText(message.Refusal.Message, MessageLimits.TextBytes) ? null : "a refusal's text is too long",
        SessionMessage.BodyOneofCase.Members => FindFault(message.Members),
        _ => "a message has no known body",
    };

    private static string? FindFault(Hello hello)
    {
        if (hello.StoreId.Length != IdBytes || hello.Incarnation.Length != IdBytes)
            return "an id does not have 16 bytes";
        if (ReplicaId.FromUInt64(hello.Replica).Pid == 0)
            return "0 is nobody's pid";
        if (!IsText(hello.Cluster, MessageLimits.NameBytes) || !IsText(hello.Region, MessageLimits.NameBytes) || !IsText(hello.Owner, MessageLimits.NameBytes))
            return "a name is too long";
        if (hello.Session.Length != SessionHello.NonceBytes)
            return "a session's name does not have 8 bytes";
        if (FindMembershipFault(hello) is { } fault)
            return fault;
        if (hello.ProtocolMin > hello.ProtocolMax)
            return "a range of protocols is empty";
        if (hello.MaxValueBytes is 0 or > int.MaxValue || hello.WindowBytes is 0 or > int.MaxValue)
            return "a limit is out of range";
        if (hello.Namespaces.Count > StoreLimits.MaxNamespaces)
            return "there are too many namespaces";
        if (hello.Readable.Count > StoreLimits.MaxNamespaces || !hello.Readable.All(NamespacePattern.IsWellFormed))
            return "there are too many readable namespaces, or one is no name or prefix";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var summary in hello.Namespaces)
        {
            if (!IsNamespace(summary.Name) || summary.Summary.Length != SummaryBytes || summary.Digest.Length is not (0 or ContentDigestBytes))
                return "a namespace or its summary has a wrong length";
            if (!seen.Add(summary.Name))
                return "a namespace is named twice";
        }

        return null;
    }

    private static string? FindFault(Complete complete) =>
        complete.Session.Length != SessionHello.NonceBytes ? "a session's name does not have 8 bytes"
        : HeartbeatCodec.TryDecode(complete.Heartbeats.Span, out _) ? null : "heartbeats make no sense";

    private static string? FindFault(Vectors vectors)
    {
        if (vectors.Namespaces.Count > StoreLimits.MaxNamespaces)
            return "there are too many namespaces";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var ns in vectors.Namespaces)
        {
            if (!IsNamespace(ns.Name) || !seen.Add(ns.Name))
                return "a namespace has a wrong length or is named twice";
            if (ns.Resume is { } resume && (resume.Scalar > StoreLimits.MaxScalar || resume.Key.Length > StoreLimits.MaxKeyBytes))
                return "a cursor makes no sense";
        }

        return null;
    }

    private static string? FindFault(Chunk chunk) =>
        !IsNamespace(chunk.Namespace) ? "a namespace has a wrong length"
        : chunk.PositionScalar > StoreLimits.MaxScalar ? "a position is no version"
        : chunk.PurgeMark > StoreLimits.MaxScalar ? "a purge mark is no scalar"
        : chunk.PositionKey.Length > StoreLimits.MaxKeyBytes ? "a position is no key"
        : null;

    private static bool IsText(string text, int maxBytes) => text.Length <= maxBytes && Encoding.UTF8.GetByteCount(text) <= maxBytes;

    public static bool IsNamespace(string name) =>
        name.Length is > 0 and <= StoreLimits.MaxNamespaceBytes && Encoding.UTF8.GetByteCount(name) <= StoreLimits.MaxNamespaceBytes;

    /// <summary>Decodes a vector that fills the field.</summary>
    public static bool TryDecode(ByteString bytes, out VersionVector vector) => VersionVector.TryDecode(bytes.Span, out vector);
}

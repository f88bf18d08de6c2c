using System.Text;
using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>Checks every field of a message before anything is done with it. Records and vectors are checked where they are decoded.</summary>
internal static class MessageValidation
{
    private const int IdBytes = 16;
    private const int SummaryBytes = 16;

    /// <summary>What is wrong with a message, or <see langword="null"/>.</summary>
    public static string? FindFault(SessionMessage message) => message.BodyCase switch
    {
        SessionMessage.BodyOneofCase.Hello => FindFault(message.Hello),
        SessionMessage.BodyOneofCase.Vectors => FindFault(message.Vectors),
        SessionMessage.BodyOneofCase.Chunk => FindFault(message.Chunk),
        SessionMessage.BodyOneofCase.Credit => message.Credit.Bytes > long.MaxValue ? "a credit is impossibly large" : null,
        SessionMessage.BodyOneofCase.Complete => HeartbeatCodec.TryDecode(message.Complete.Heartbeats.Span, out _) ? null : "heartbeats make no sense",
        SessionMessage.BodyOneofCase.Refusal => IsText(message.Refusal.Message, MessageLimits.TextBytes) ? null : "a refusal's text is too long",
        _ => "a message has no known body",
    };

    private static string? FindFault(Hello hello)
    {
        if (hello.StoreId.Length != IdBytes || hello.Incarnation.Length != IdBytes)
            return "an id does not have 16 bytes";
        if (!IsText(hello.Cluster, MessageLimits.NameBytes) || !IsText(hello.Region, MessageLimits.NameBytes) || !IsText(hello.Owner, MessageLimits.NameBytes))
            return "a name is too long";
        if (hello.ProtocolMin > hello.ProtocolMax)
            return "a range of protocols is empty";
        if (hello.MaxValueBytes is 0 or > int.MaxValue || hello.WindowBytes is 0 or > int.MaxValue)
            return "a limit is out of range";
        if (hello.Namespaces.Count > StoreLimits.MaxNamespaces)
            return "there are too many namespaces";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var summary in hello.Namespaces)
        {
            if (!IsNamespace(summary.Name) || summary.Summary.Length != SummaryBytes)
                return "a namespace or its summary has a wrong length";
            if (!seen.Add(summary.Name))
                return "a namespace is named twice";
        }

        return null;
    }

    private static string? FindFault(Vectors vectors)
    {
        if (vectors.Namespaces.Count > StoreLimits.MaxNamespaces)
            return "there are too many namespaces";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var ns in vectors.Namespaces)
        {
            if (!IsNamespace(ns.Name) || !seen.Add(ns.Name))
                return "a namespace has a wrong length or is named twice";
        }

        return null;
    }

    private static string? FindFault(Chunk chunk) =>
        !IsNamespace(chunk.Namespace) ? "a namespace has a wrong length"
        : chunk.PositionScalar > StoreLimits.MaxScalar ? "a position is no version"
        : null;

    private static bool IsText(string text, int maxBytes) => text.Length <= maxBytes && Encoding.UTF8.GetByteCount(text) <= maxBytes;

    private static bool IsNamespace(string name) =>
        name.Length is > 0 and <= StoreLimits.MaxNamespaceBytes && Encoding.UTF8.GetByteCount(name) <= StoreLimits.MaxNamespaceBytes;

    /// <summary>Decodes a vector that fills the field.</summary>
    public static bool TryDecode(ByteString bytes, out VersionVector vector) => VersionVector.TryDecode(bytes.Span, out vector);
}

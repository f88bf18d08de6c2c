namespace Honu.Replication;

/// <summary>Limits of the replication protocol, version 1. What exceeds one is refused before memory is reserved for it.</summary>
public static class MessageLimits
{
    /// <summary>The protocols that this build speaks.</summary>
    public const uint ProtocolMin = 1;

    /// <inheritdoc cref="ProtocolMin"/>
    public const uint ProtocolMax = 1;

    /// <summary>Bytes of records that may be on their way without credit.</summary>
    public const int WindowBytes = 4 * 1024 * 1024;

    /// <summary>Longest name in a message: a cluster, a region, an owner.</summary>
    public const int NameBytes = 255;

    /// <summary>Most members in a message.</summary>
    public const int MaxMembers = 4096;

    /// <summary>Longest text of a refusal.</summary>
    public const int TextBytes = 1024;

    /// <summary>Longest message beside the value of its longest record.</summary>
    public const int MessageOverheadBytes = 8 * 1024 * 1024;

    /// <summary>Longest message that is taken from a peer, when values have at most <paramref name="maxValueBytes"/>.</summary>
    public static int MaxMessageBytes(int maxValueBytes) => (int)Math.Min(int.MaxValue, (long)maxValueBytes + MessageOverheadBytes);
}

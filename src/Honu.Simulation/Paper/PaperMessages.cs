using Google.Protobuf;

namespace Honu.Simulation;

/// <summary>
/// How long the messages of the published exchange are: protobuf maps from key to version or entry, as its Go code sent them, in frames of gRPC.
/// Nothing is encoded, only counted.
/// </summary>
internal static class PaperMessages
{
    private const int FrameBytes = 5;
    private const int KeyBytes = 3; // A letter for the region and two random ones, as its clients drew them.
    private const int TrueBytes = 2;

    /// <summary>A pull request: the version of every key that the initiator has.</summary>
    public static int PullRequest(ReadOnlySpan<PaperVersion> view) => FrameBytes + Versions(view);

    /// <summary>The reply: entries that are later here, and the keys that are later there.</summary>
    public static int PullReply(IReadOnlyList<PaperEntry> entries, ReadOnlySpan<PaperVersion> wanted, int valueBytes)
    {
        var inner = Versions(wanted);
        return FrameBytes + (entries.Count > 0 || wanted.Length > 0 ? TrueBytes : 0) + Entries(entries, valueBytes) + 1 + CodedOutputStream.ComputeLengthSize(inner) + inner;
    }

    /// <summary>A push of the wanted entries.</summary>
    public static int PushRequest(IReadOnlyList<PaperEntry> entries, int valueBytes) => FrameBytes + Entries(entries, valueBytes);

    /// <summary>What a push is answered with.</summary>
    public static int PushReply(bool success) => FrameBytes + (success ? TrueBytes : 0);

    private static int Versions(ReadOnlySpan<PaperVersion> versions)
    {
        var bytes = 0;
        foreach (var version in versions)
        {
            if (version.Exists)
                bytes += MapEntry(Version(version));
        }

        return bytes;
    }

    // An entry has its version, its parent's, which is about as long, and the value.
    private static int Entries(IReadOnlyList<PaperEntry> entries, int valueBytes)
    {
        var bytes = 0;
        foreach (var entry in entries)
            bytes += MapEntry((2 * Field(Version(entry.Version))) + Field(valueBytes));
        return bytes;
    }

    private static int MapEntry(int value) => Field(Field(KeyBytes) + Field(value));

    private static int Version(PaperVersion version) => 2 + CodedOutputStream.ComputeInt64Size(version.Scalar) + CodedOutputStream.ComputeInt32Size(version.Pid);

    private static int Field(int length) => 1 + CodedOutputStream.ComputeLengthSize(length) + length;
}

/// <summary>A version of a key on its way to another replica.</summary>
internal readonly record struct PaperEntry(int Key, PaperVersion Version);

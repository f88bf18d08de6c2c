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

/// <summary>What a call that a handler makes takes over from the call that it serves.</summary>
public class ContextPropagationOptions(bool propagateDeadline = true, bool propagateCancellation = true)
{
    /// <summary>Deadline and cancellation.</summary>
    public static readonly ContextPropagationOptions Default = new();
    /// <summary>Whether the call has the deadline of the served one if its own is not earlier.</summary>
    public bool IsPropagateDeadline { get; } = propagateDeadline;
    /// <summary>Whether the call is cancelled with the served one.</summary>
    public bool IsPropagateCancellation { get; } = propagateCancellation;
}

/// <summary>Ties calls that a handler makes to the call that it serves. Opaque; made by <see cref="ServerCallContext.CreatePropagationToken"/>.</summary>
public sealed class ContextPropagationToken
{
    internal ContextPropagationToken(ServerCallContext served, ContextPropagationOptions? options)
    {
        options ??= ContextPropagationOptions.Default;
        Deadline = options.IsPropagateDeadline ? served.Deadline : DateTime.MaxValue;
        CancellationToken = options.IsPropagateCancellation ? served.CancellationToken : CancellationToken.None;
    }

    internal DateTime Deadline { get; }

    internal CancellationToken CancellationToken { get; }
}

/// <summary>What the caller of one call asks for besides the request. Immutable; the <c>With…</c> methods return changed copies.</summary>
/// <remarks>The original's call credentials are left out: no generated code names them.</remarks>
#pragma warning disable CA1068 // The original's order of parameters.
public readonly struct CallOptions(
    Metadata? headers = null, DateTime? deadline = null, CancellationToken cancellationToken = default, WriteOptions? writeOptions = null,
    ContextPropagationToken? propagationToken = null)
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
    /// <summary>Ties the call to one that a handler serves; see <see cref="ServerCallContext.CreatePropagationToken"/>.</summary>
    public ContextPropagationToken? PropagationToken { get; private init; } = propagationToken;
    /// <summary>The earlier of the deadlines of this call and of the one it is tied to; null for never.</summary>
    internal DateTime? EffectiveDeadline =>
        (PropagationToken?.Deadline < (Deadline ?? DateTime.MaxValue) ? PropagationToken.Deadline : Deadline) is var d && d == DateTime.MaxValue ? null : d;
    /// <summary>A copy with these headers.</summary>
    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };
    /// <summary>A copy with this deadline, in UTC.</summary>
    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };
    /// <summary>A copy with this token.</summary>
    public CallOptions WithCancellationToken(CancellationToken cancellationToken) => this with { CancellationToken = cancellationToken };
    /// <summary>A copy with these write options.</summary>
    public CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };
    /// <summary>A copy that is tied to the call of a handler.</summary>
    public CallOptions WithPropagationToken(ContextPropagationToken propagationToken) => this with { PropagationToken = propagationToken };
}

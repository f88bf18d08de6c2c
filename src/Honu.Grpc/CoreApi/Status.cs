namespace Grpc.Core;

/// <summary>The result codes of a gRPC call; the numbers are those on the wire.</summary>
public enum StatusCode
{
    /// <summary>Success.</summary>
    OK = 0,
    /// <summary>The call was cancelled, usually by its caller.</summary>
    Cancelled = 1,
    /// <summary>An error without a better code, such as an exception of a handler.</summary>
    Unknown = 2,
    /// <summary>The caller sent something that is wrong whatever the state of the server.</summary>
    InvalidArgument = 3,
    /// <summary>The deadline passed before the call was complete; it may still have had an effect.</summary>
    DeadlineExceeded = 4,
    /// <summary>The named thing does not exist.</summary>
    NotFound = 5,
    /// <summary>The thing to create exists already.</summary>
    AlreadyExists = 6,
    /// <summary>The caller is known and may not do this.</summary>
    PermissionDenied = 7,
    /// <summary>A quota, a size limit or space is used up.</summary>
    ResourceExhausted = 8,
    /// <summary>The system is not in the state that the operation needs; repeating without a change is useless.</summary>
    FailedPrecondition = 9,
    /// <summary>The operation was given up because of a conflict; repeat at a higher level.</summary>
    Aborted = 10,
    /// <summary>The operation went past the valid range.</summary>
    OutOfRange = 11,
    /// <summary>The server does not know the method, or a feature that the call asks for.</summary>
    Unimplemented = 12,
    /// <summary>A broken invariant: a bug, or bytes that violate the protocol.</summary>
    Internal = 13,
    /// <summary>The server cannot be reached now; repeat with a pause.</summary>
    Unavailable = 14,
    /// <summary>Data were lost or are damaged beyond repair.</summary>
    DataLoss = 15,
    /// <summary>The caller did not say, or could not prove, who it is.</summary>
    Unauthenticated = 16,
}

/// <summary>How a call ended: a code, a text for people (any Unicode text crosses the wire) and, on the client, the local exception behind it.</summary>
public readonly struct Status(StatusCode statusCode, string detail, Exception? debugException)
{
    /// <summary>Success without a text.</summary>
    public static readonly Status DefaultSuccess = new(StatusCode.OK, "");
    /// <summary>Cancellation without a text.</summary>
    public static readonly Status DefaultCancelled = new(StatusCode.Cancelled, "");

    private readonly string? _detail = string.IsNullOrEmpty(detail) ? null : detail; // so that default(Status) equals DefaultSuccess

    /// <summary>A status without an exception behind it.</summary>
    public Status(StatusCode statusCode, string detail) : this(statusCode, detail, null) { }
    /// <summary>The code.</summary>
    public StatusCode StatusCode { get; } = statusCode;
    /// <summary>The text for people; empty when there is none.</summary>
    public string Detail => _detail ?? "";
    /// <summary>The local exception that led to this status. Never on the wire.</summary>
    public Exception? DebugException { get; } = debugException;
    /// <inheritdoc/>
    public override string ToString() => $"Status(StatusCode=\"{StatusCode}\", Detail=\"{Detail}\"" +
        (DebugException is null ? ")" : $", DebugException=\"{DebugException.GetType()}: {DebugException.Message}\")");
}

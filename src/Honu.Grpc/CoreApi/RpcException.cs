namespace Grpc.Core;

/// <summary>A call that did not end with <see cref="StatusCode.OK"/>. A handler throws it to choose the status that its caller gets.</summary>
public class RpcException : Exception
{
    /// <summary>An exception with a status and no trailers.</summary>
    public RpcException(Status status) : this(status, Metadata.Empty) { }
    /// <summary>An exception with a status, no trailers and a message of its own, which stays local.</summary>
    public RpcException(Status status, string message) : this(status, Metadata.Empty, message) { }
    /// <summary>An exception with a status and trailers.</summary>
    public RpcException(Status status, Metadata trailers) : this(status, trailers, status.ToString()) { }
    /// <summary>An exception with a status, trailers and a message of its own, which stays local.</summary>
    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        ArgumentNullException.ThrowIfNull(trailers);
        (Status, Trailers) = (status, trailers);
    }

    /// <summary>The status of the call.</summary>
    public Status Status { get; }
    /// <summary>The code of <see cref="Status"/>; short enough for an exception filter.</summary>
    public StatusCode StatusCode => Status.StatusCode;
    /// <summary>Metadata sent or received after the last message; empty when there is none.</summary>
    public Metadata Trailers { get; }
}

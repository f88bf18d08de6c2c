using Grpc.Core;

namespace Honu.Grpc;

/// <summary>The responses of a call. A call that is over throws <see cref="OperationCanceledException"/>.</summary>
internal sealed class ServerResponses<T>(ServerCall call, Marshaller<T> marshaller) : IServerStreamWriter<T>
    where T : class
{
    private WriteOptions? _writeOptions;

    public WriteOptions? WriteOptions
    {
        get => _writeOptions ?? call.WriteOptions;
        set => _writeOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        return call.WriteAsync(message, marshaller, WriteOptions, cancellationToken);
    }

    /// <summary>Writes the one response of a method that has one.</summary>
    public Task WriteSingleAsync(T? message) => message is null
        ? throw new RpcException(new Status(StatusCode.Internal, "The handler returned no response."))
        : call.Status.StatusCode == StatusCode.OK ? call.WriteSingleAsync(message, marshaller) : Task.CompletedTask;
}

using Grpc.Core;

namespace Honu.Grpc;

/// <summary>The requests of a call. A call that is over throws <see cref="OperationCanceledException"/>.</summary>
internal sealed class ServerRequests<T>(ServerCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
    where T : class
{
    private readonly MessageReader _reader = call.CreateReader();
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("There is no message: MoveNext has not returned true.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        call.BeginRead();
        try
        {
            _current = null;
            _current = await ReadAsync(cancellationToken).ConfigureAwait(false);
            return _current is not null;
        }
        finally
        {
            call.EndRead();
        }
    }

    /// <summary>The one request of a method that has one.</summary>
    public async Task<T> ReadSingleAsync()
    {
        var request = await ReadAsync(CancellationToken.None).ConfigureAwait(false)
            ?? throw new RpcException(new Status(StatusCode.Internal, "The client sent no request."));
        if (await ReadAsync(CancellationToken.None).ConfigureAwait(false) is not null)
            throw new RpcException(new Status(StatusCode.Internal, "The client sent more than one request."));

        return request;
    }

    private async ValueTask<T?> ReadAsync(CancellationToken cancellationToken)
    {
        var own = call.CancellationToken;
        if (own.IsCancellationRequested)
            throw call.Stopped();

        using var linked = cancellationToken.CanBeCanceled && cancellationToken != own
            ? CancellationTokenSource.CreateLinkedTokenSource(own, cancellationToken)
            : null;
        try
        {
            return await _reader.ReadAsync(marshaller.ContextualDeserializer, linked?.Token ?? own).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (own.IsCancellationRequested)
        {
            throw call.Stopped(exception);
        }
        catch (IOException exception)
        {
            // The stream was reset or the connection lost; Kestrel may say so here before it cancels RequestAborted.
            call.Abort();
            throw call.Stopped(exception);
        }
    }
}

using System.Runtime.CompilerServices;

namespace Grpc.Core;

/// <summary>A stream of received messages. One reader at a time.</summary>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message of the last <see cref="MoveNext"/> that returned <see langword="true"/>.</summary>
    T Current { get; }
    /// <summary>Waits for the next message. The token cancels the whole call, not only this wait: bytes that are half read cannot be put back.</summary>
    /// <returns><see langword="false"/> when the other side has finished with success.</returns>
    /// <exception cref="RpcException">The call failed.</exception>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}

/// <summary>A stream of messages to send. One writer at a time: wait for a write before the next one.</summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>How the next messages are written; <see langword="null"/> for the options of the call.</summary>
    WriteOptions? WriteOptions { get; set; }
    /// <summary>Sends a message. Completes when the stream has room for it (64 KiB wait for the connection at most), so a slow reader slows its writer down;
    /// that it has arrived is said by the status of the call. The message is free again then.</summary>
    Task WriteAsync(T message);
    /// <summary>Sends a message unless cancelled. The message may be half sent by then, so cancelling ends the whole call.</summary>
    Task WriteAsync(T message, CancellationToken cancellationToken) => cancellationToken.CanBeCanceled
        ? throw new NotSupportedException("This writer does not support a cancellation token.")
        : WriteAsync(message);
}

/// <summary>The requests of a streaming call, at the client.</summary>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Ends the requests (half-close); responses still arrive.</summary>
    Task CompleteAsync();
}

/// <summary>The responses of a streaming call, at the server. It ends when the handler does.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>;

/// <summary>Conveniences on stream readers.</summary>
public static class AsyncStreamReaderExtensions
{
    /// <summary>Waits for the next message.</summary>
    public static Task<bool> MoveNext<T>(this IAsyncStreamReader<T> streamReader) =>
        (streamReader ?? throw new ArgumentNullException(nameof(streamReader))).MoveNext(CancellationToken.None);
    /// <summary>The messages as an asynchronous enumerable; can be enumerated once. The token cancels the whole call.</summary>
    public static async IAsyncEnumerable<T> ReadAllAsync<T>(
        this IAsyncStreamReader<T> streamReader, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamReader);
        while (await streamReader.MoveNext(cancellationToken).ConfigureAwait(false))
            yield return streamReader.Current;
    }
}

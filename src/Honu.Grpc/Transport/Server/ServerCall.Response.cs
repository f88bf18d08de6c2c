using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Honu.Grpc;

/// <content>Everything that is written: headers, messages, status.</content>
internal sealed partial class ServerCall
{
    private readonly MessageWriter _writer = new(server.Options.MaxSendMessageBytes);
    private Pipe? _outbox;
    private Task _sending = Task.CompletedTask;
    private int _writing;
    private volatile bool _flushing;
    private volatile bool _flushCancelled;
    private bool _hasBody;
    private bool _broken;
    private bool _sendsGzip;

    /// <summary>Writes the one response of a method that has one. It leaves together with the status, unless it may have to wait for the client.</summary>
    public async Task WriteSingleAsync<T>(T message, Marshaller<T> marshaller)
    {
        await EnterAsync().ConfigureAwait(false);
        try
        {
            BeginBody(null);
            if (Frame(http.Response.BodyWriter, message, marshaller, WriteOptions) >= MessageWriter.GatherBytes)
                await FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Writes one response of a stream. It leaves at once, or with the next one if its options have a buffer hint.</summary>
    /// <param name="message">The message.</param>
    /// <param name="marshaller">Its marshaller.</param>
    /// <param name="options">How to write it.</param>
    /// <param name="cancellationToken">Gives up waiting for flow control.</param>
    public async Task WriteAsync<T>(T message, Marshaller<T> marshaller, WriteOptions? options, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0)
            throw Volatile.Read(ref _ended) ? Stopped() : new InvalidOperationException("A write is under way: wait for it before the next one.");

        try
        {
            await OpenOutboxAsync().ConfigureAwait(false);
            var outbox = _outbox!.Writer;
            Frame(outbox, message, marshaller, options);
            if ((options is null || !options.Flags.HasFlag(WriteFlags.BufferHint) || outbox.UnflushedBytes >= MessageWriter.GatherBytes) &&
                (await outbox.FlushAsync(cancellationToken).ConfigureAwait(false)).IsCompleted)
            {
                throw Stopped();
            }
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        return BeginBodyAsync(responseHeaders);
    }

    private async Task OpenOutboxAsync()
    {
        if (_broken)
            throw new InvalidOperationException("The stream ends in the middle of a message whose serializer failed: nothing can follow it.");
        if (_outbox is not null && !_ended && Volatile.Read(ref _stop) is null)
            return;

        await BeginBodyAsync(null).ConfigureAwait(false);
        _outbox = new Pipe(MessageWriter.PipeOptions);
        _sending = SendOutboxAsync(_outbox.Reader);
    }

    // With metadata the headers leave at once, without they wait for the first message.
    private async Task BeginBodyAsync(Metadata? metadata)
    {
        await EnterAsync().ConfigureAwait(false);
        try
        {
            if (metadata is not null && (_hasBody || http.Response.HasStarted))
                throw new InvalidOperationException("The response headers are sent already.");

            BeginBody(metadata);
            if (metadata is not null)
                await FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    // Kestrel completes a flush when the bytes are on their way to the socket. Waiting for that after every message would cost several changes of thread
    // each time; so writers go on until the outbox is full, and what has piled up meanwhile leaves with one flush. Never faults.
    private async Task SendOutboxAsync(PipeReader outbox)
    {
        try
        {
            for (var open = true; open;)
            {
                var result = await outbox.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                await EnterAsync().ConfigureAwait(false);
                try
                {
                    foreach (var segment in result.Buffer)
                        http.Response.BodyWriter.Write(segment.Span);
                    if (!result.Buffer.IsEmpty)
                        await FlushAsync().ConfigureAwait(false);
                }
                finally
                {
                    _gate.Release();
                }

                outbox.AdvanceTo(result.Buffer.End);
                open = !result.IsCompleted && !result.IsCanceled;
            }
        }
        catch (OperationCanceledException)
        {
            // The call is over.
        }
        catch (Exception exception)
        {
            // What is below the response, such as a middleware that fails when the headers are sent.
            RpcLog.StatusNotSent(server.Logger, method.FullName, exception);
            Abort();
        }
        finally
        {
            await outbox.CompleteAsync().ConfigureAwait(false); // a writer that waits goes on and finds the call over
        }
    }

    // Also ends a write that the handler has not waited for: the pipe is not safe for two, so it is the reader who leaves then.
    private Task CloseOutboxAsync()
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0 || _broken)
            _outbox?.Reader.CancelPendingRead();
        else
            _outbox?.Writer.Complete();
        return _sending;
    }

    private int Frame<T>(PipeWriter output, T message, Marshaller<T> marshaller, WriteOptions? options)
    {
        try
        {
            return _writer.Write(output, message, marshaller.ContextualSerializer, _sendsGzip && options?.Flags.HasFlag(WriteFlags.NoCompress) != true);
        }
        catch (RpcException)
        {
            _broken |= _writer.Touched;
            throw;
        }
    }

    private void BeginBody(Metadata? metadata)
    {
        if (_hasBody)
            return;

        var headers = http.Response.Headers;
        _sendsGzip = Gzip.IsChosen(metadata, Options.Compression) && Gzip.IsIn(http.Request.Headers["grpc-accept-encoding"].ToString());
        if (_sendsGzip)
            headers["grpc-encoding"] = Gzip.Name;
        if (metadata is not null)
            AddTo(headers, metadata);
        _hasBody = true;
    }

    private static void AddTo(IHeaderDictionary headers, Metadata metadata)
    {
        foreach (var entry in metadata)
        {
            // What came from the wire and is sent on may have characters that HTTP refuses; they must not cost the status.
            if (!MetadataCodec.IsReserved(entry.Key) && MetadataCodec.EncodeValue(entry) is var value && !value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
                headers.Append(entry.Key, value);
        }
    }

    private async Task EnterAsync()
    {
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        if (!_ended && Volatile.Read(ref _stop) is null)
            return;

        _gate.Release();
        throw Stopped();
    }

    // No token goes into the flush: Kestrel resets the stream when one is cancelled, and no status could follow. A cancelled flush only stops waiting.
    private async Task FlushAsync()
    {
        try
        {
            while (true)
            {
                // The flag first, then the reason; CancelFlush's callers go the other way round, so one of both sees the other.
                _flushing = true;
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref _stop) is not null)
                    throw Stopped();

                var result = await http.Response.BodyWriter.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                if (result.IsCompleted)
                    Abort();
                else if (!result.IsCanceled)
                    return;
            }
        }
        catch (IOException exception)
        {
            Abort();
            throw Stopped(exception);
        }
        finally
        {
            _flushing = false;
        }
    }

    // Only while RunAsync is kept from returning: the pipe serves another request afterwards.
    private void CancelFlush()
    {
        Interlocked.MemoryBarrier();
        if (!_flushing)
            return;

        _flushCancelled = true;
        http.Response.BodyWriter.CancelPendingFlush();
    }

    // In the headers when there is no body (Trailers-Only), else after it.
    private void WriteStatus(Status status)
    {
        var destination = _hasBody ? http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers : http.Response.Headers;
        destination["grpc-status"] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (status.Detail.Length > 0)
            destination["grpc-message"] = PercentEncoding.Encode(status.Detail);
        try
        {
            if (_responseTrailers is not null)
                AddTo(destination, _responseTrailers);
        }
        catch (InvalidOperationException)
        {
            // A handler that does not stop changes them meanwhile. The status says more.
        }
    }
}

using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Honu.Grpc;

/// <content>Everything that is written: headers, messages, status.</content>
internal sealed partial class ServerCall
{
    // Hinted messages are gathered up to this size: one DATA frame of the usual maximum.
    private const int GatherBytes = 16 * 1024;

    private readonly MessageWriter _writer = new(server.Options.MaxSendMessageBytes);
    private int _unflushedBytes;
    private volatile bool _flushing;
    private volatile bool _flushCancelled;
    private bool _hasBody;
    private bool _broken;
    private bool _sendsGzip;

    /// <summary>Frames a message into the response.</summary>
    /// <param name="message">The message.</param>
    /// <param name="marshaller">Its marshaller.</param>
    /// <param name="flags">With a buffer hint it leaves with the next one, or with the status.</param>
    /// <param name="cancellationToken">Gives up waiting for flow control.</param>
    public async Task WriteMessageAsync<T>(T message, Marshaller<T> marshaller, WriteFlags flags, CancellationToken cancellationToken)
    {
        await EnterAsync().ConfigureAwait(false);
        try
        {
            if (!_hasBody)
                BeginBody(null);
            try
            {
                var compress = _sendsGzip && !flags.HasFlag(WriteFlags.NoCompress);
                _unflushedBytes += _writer.Write(http.Response.BodyWriter, message, marshaller.ContextualSerializer, compress);
            }
            catch (RpcException)
            {
                _hasBody = _writer.Touched || http.Response.HasStarted || _unflushedBytes > 0;
                _broken |= _writer.Touched;
                throw;
            }

            if (!flags.HasFlag(WriteFlags.BufferHint) || _unflushedBytes >= GatherBytes)
                await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    protected override async Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        await EnterAsync().ConfigureAwait(false);
        try
        {
            if (_hasBody || http.Response.HasStarted)
                throw new InvalidOperationException("The response headers are sent already.");

            BeginBody(responseHeaders);
            await FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private void BeginBody(Metadata? metadata)
    {
        var headers = http.Response.Headers;
        _hasBody = true;
        _sendsGzip = Gzip.IsChosen(metadata, Options.Compression) && Gzip.IsIn(http.Request.Headers["grpc-accept-encoding"].ToString());
        if (_sendsGzip)
            headers["grpc-encoding"] = Gzip.Name;
        if (metadata is not null)
            AddTo(headers, metadata);
    }

    private static void AddTo(IHeaderDictionary headers, Metadata metadata)
    {
        foreach (var entry in metadata)
        {
            if (!MetadataCodec.IsReserved(entry.Key))
                headers.Append(entry.Key, MetadataCodec.EncodeValue(entry));
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
    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        var registration = cancellationToken.CanBeCanceled && cancellationToken != _cancel.Token
            ? cancellationToken.UnsafeRegister(static call => ((ServerCall)call!).CancelFlush(), this)
            : default;
        try
        {
            while (true)
            {
                // The flag first, then the reason; CancelFlush's callers go the other way round, so one of both sees the other.
                _flushing = true;
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref _stop) is not null)
                    throw Stopped();

                cancellationToken.ThrowIfCancellationRequested();
                var result = await http.Response.BodyWriter.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                if (result.IsCompleted)
                    Abort();
                else if (!result.IsCanceled)
                    break;
            }

            _unflushedBytes = 0;
        }
        catch (IOException exception)
        {
            Abort();
            throw Stopped(exception);
        }
        finally
        {
            _flushing = false;
            await registration.DisposeAsync().ConfigureAwait(false);
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
        if (_responseTrailers is not null)
            AddTo(destination, _responseTrailers);
        destination["grpc-status"] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (status.Detail.Length > 0)
            destination["grpc-message"] = PercentEncoding.Encode(status.Detail);
    }
}

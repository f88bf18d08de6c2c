using System.Net;

namespace Honu.Grpc.Tests;

/// <summary>Sends what no gRPC client would: bytes of a test's choice in pieces of its choice, over HTTP/2 or 1.1.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    public async Task<HttpResponseMessage> PostAsync(
        string url, HttpContent content, string contentType = "application/grpc", Version? version = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Version = version ?? HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        content.Headers.TryAddWithoutValidation("content-type", contentType);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Guarded();
    }

    /// <summary>The status of an answer, wherever it stands.</summary>
    public static async Task<string> StatusAsync(HttpResponseMessage response)
    {
        await response.Content.ReadAsByteArrayAsync().Guarded();
        return response.Headers.TryGetValues("grpc-status", out var early) ? early.Single() : response.TrailingHeaders.GetValues("grpc-status").Single();
    }

    public void Dispose() => _http.Dispose();

    /// <summary>A body in pieces, each its own DATA frame; optionally it never ends.</summary>
    internal sealed class Pieces(byte[] bytes, int pieceBytes, bool endless = false) : HttpContent
    {
        private readonly SyncPoint _sent = new();

        /// <summary>Completes when all pieces are on their way.</summary>
        public Task Sent => _sent.Task;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            for (var at = 0; at < bytes.Length; at += pieceBytes)
            {
                await stream.WriteAsync(bytes.AsMemory(at, Math.Min(pieceBytes, bytes.Length - at)), cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }

            _sent.Reach();
            if (endless)
                await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

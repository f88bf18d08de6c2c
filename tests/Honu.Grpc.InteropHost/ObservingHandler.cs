using System.Net;

namespace Honu.Grpc.InteropHost;

/// <summary>The connections of a channel whose messages are observed; made as the channel makes its own.</summary>
internal sealed class ObservingHandler(TlsFiles? tls) : DelegatingHandler(Connections(tls))
{
    /// <summary>The requests of the latest call. The cases make one call at a time.</summary>
    public MessageFlags Requests { get; private set; } = new();

    /// <summary>The responses of the latest call.</summary>
    public MessageFlags Responses { get; private set; } = new();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests = new MessageFlags();
        var responses = Responses = new MessageFlags();
        if (request.Content is { } content)
            request.Content = new ObservedContent(content, Requests);
        var response = await base.SendAsync(request, cancellationToken);
        response.Content = new ObservedContent(response.Content, responses);
        return response;
    }

    private static SocketsHttpHandler Connections(TlsFiles? tls)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None };
        if (tls is not null)
            handler.SslOptions = tls.ForHandler();
        return handler;
    }
}

namespace Honu.Grpc.Tests;

/// <summary>The documented defaults, and what is refused.</summary>
public sealed class OptionsTests
{
    [Fact]
    public void ChannelOptions_Defaults_AreTheDocumentedOnes()
    {
        var options = new RpcChannelOptions();

        Assert.Equal(4 * 1024 * 1024, options.MaxReceiveMessageBytes);
        Assert.Equal(int.MaxValue, options.MaxSendMessageBytes);
        Assert.Equal(RpcCompression.None, options.Compression);
        Assert.Equal(TimeSpan.FromSeconds(20), options.ConnectTimeout);
        Assert.Null(options.KeepAliveInterval);
        Assert.Equal(TimeSpan.FromSeconds(20), options.KeepAliveTimeout);
        Assert.False(options.KeepAliveWithoutCalls);
        Assert.Equal(TimeSpan.FromMinutes(30), options.ConnectionIdleTimeout);
        Assert.Equal(256 * 1024, options.InitialHttp2StreamWindow);
        Assert.Null(options.Tls);
        Assert.Null(options.Handler);
        Assert.Same(TimeProvider.System, options.TimeProvider);
        Assert.Empty(options.Validate());
    }

    [Fact]
    public void ServerOptions_Defaults_AreTheDocumentedOnes()
    {
        var options = new RpcServerOptions();

        Assert.Equal(4 * 1024 * 1024, options.MaxReceiveMessageBytes);
        Assert.Equal(int.MaxValue, options.MaxSendMessageBytes);
        Assert.Equal(RpcCompression.None, options.Compression);
        Assert.Equal(TimeSpan.FromSeconds(5), options.DrainTimeout);
        Assert.False(options.IncludeExceptionDetail);
        Assert.Same(TimeProvider.System, options.TimeProvider);
        Assert.Empty(options.Validate());
    }

    [Fact]
    public void TlsOptions_Defaults_AreTheDocumentedOnes()
    {
        var client = new RpcClientTlsOptions();
        var server = new RpcServerTlsOptions { Certificates = new RpcCertificates(null, null) };

        Assert.Equal((null, null, null), (client.Certificates, client.TargetHost, client.ServerCertificateValidation));
        Assert.Null(server.ClientCertificateValidation);
        Assert.Equal((null, null), (server.Certificates.Certificate, server.Certificates.Roots));
        Assert.Equal("Honu.Grpc", RpcTelemetry.ActivitySourceName);
    }

    [Fact]
    public void ChannelOptions_AllWrong_NamesEachFailure()
    {
        var options = new RpcChannelOptions
        {
            MaxReceiveMessageBytes = -1,
            MaxSendMessageBytes = -1,
            ConnectTimeout = TimeSpan.Zero,
            KeepAliveInterval = TimeSpan.FromMilliseconds(10),
            KeepAliveTimeout = TimeSpan.Zero,
            ConnectionIdleTimeout = TimeSpan.Zero,
            InitialHttp2StreamWindow = 1,
        };

        var failure = Assert.Throws<ArgumentException>(() => RpcChannel.ForAddress("http://localhost", options));

        Assert.Equal(7, options.Validate().Count);
        Assert.Contains("InitialHttp2StreamWindow (1)", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost:1")]
    [InlineData("ftp://localhost")]
    [InlineData("http://localhost/path")]
    [InlineData("")]
    public void ForAddress_NotAServer_IsRefused(string address)
    {
        Assert.Throws<ArgumentException>(() => RpcChannel.ForAddress(address));
    }
}

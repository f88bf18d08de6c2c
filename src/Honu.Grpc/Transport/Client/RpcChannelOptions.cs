namespace Honu.Grpc;

/// <summary>How an <see cref="RpcChannel"/> connects and what it accepts. Immutable; checked when the channel is made.</summary>
public sealed record RpcChannelOptions
{
    /// <summary>The largest response message, in bytes. Checked against the declared length, before memory is reserved for it.</summary>
    /// <value>Default 4 MiB. Larger: one call can hold that much memory.</value>
    public int MaxReceiveMessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The largest request message, in bytes. A larger one fails with <c>RESOURCE_EXHAUSTED</c> and nothing is sent.</summary>
    /// <value>Default <see cref="int.MaxValue"/>: the limit of the receiver decides.</value>
    public int MaxSendMessageBytes { get; init; } = int.MaxValue;

    /// <summary>How requests are compressed.</summary>
    /// <value>Default <see cref="RpcCompression.None"/>. <see cref="RpcCompression.Gzip"/>: fewer bytes, more CPU; a server that does not know it refuses the calls.</value>
    public RpcCompression Compression { get; init; }

    /// <summary>How long a connection may take to be made, TLS included, before its calls fail with <c>UNAVAILABLE</c>.</summary>
    /// <value>Default 20 s. Shorter: dead peers are found sooner, and far ones with slow links are taken for dead.</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>After how much silence a ping asks whether the server still lives; needs at least 1 s.</summary>
    /// <value>Default <see langword="null"/>: no pings, and a server that vanished without a word is noticed only by deadlines.
    /// Shorter: found sooner, more traffic; many servers close connections that ping more often than every 5 minutes.</value>
    public TimeSpan? KeepAliveInterval { get; init; }

    /// <summary>How long the answer to a ping may take before the connection is closed and its calls fail with <c>UNAVAILABLE</c>.</summary>
    /// <value>Default 20 s; at least 1 s. Used only with <see cref="KeepAliveInterval"/>.</value>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Whether pings are sent while no call runs, too.</summary>
    /// <value>Default <see langword="false"/>. <see langword="true"/> keeps paths through NAT open.</value>
    public bool KeepAliveWithoutCalls { get; init; }

    /// <summary>After how long without a call a connection is closed. The next call opens a new one.</summary>
    /// <value>Default 30 min. Shorter: fewer idle sockets, more handshakes.</value>
    public TimeSpan ConnectionIdleTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How many bytes of responses a stream may have under way at first; the runtime raises it on long fat links up to 16 MiB.</summary>
    /// <value>Default 256 KiB; 65,535 bytes to 16 MiB. Larger: fewer stalls at first at a high round-trip time; each unread stream can hold that much memory,
    /// and what exceeds the shared pool of arrays is allocated.</value>
    public int InitialHttp2StreamWindow { get; init; } = 256 * 1024;

    /// <summary>TLS, for <c>https</c> addresses.</summary>
    /// <value>Default <see langword="null"/>: the roots of the machine, no client certificate.</value>
    public RpcClientTlsOptions? Tls { get; init; }

    /// <summary>Replaces the connections of the channel, for tests and unusual networks. The options of connections and TLS are then ignored.</summary>
    /// <value>Default <see langword="null"/>. The channel disposes it.</value>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>The clock of deadlines.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>All that is wrong with these options; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate() =>
    [
        .. new[]
        {
            MaxReceiveMessageBytes < 0 ? $"MaxReceiveMessageBytes ({MaxReceiveMessageBytes}) must not be negative." : null,
            MaxSendMessageBytes < 0 ? $"MaxSendMessageBytes ({MaxSendMessageBytes}) must not be negative." : null,
            ConnectTimeout <= TimeSpan.Zero ? $"ConnectTimeout ({ConnectTimeout}) must be positive." : null,
            KeepAliveInterval < TimeSpan.FromSeconds(1) ? $"KeepAliveInterval ({KeepAliveInterval}) must be at least 1 s." : null,
            KeepAliveTimeout < TimeSpan.FromSeconds(1) ? $"KeepAliveTimeout ({KeepAliveTimeout}) must be at least 1 s." : null,
            ConnectionIdleTimeout <= TimeSpan.Zero ? $"ConnectionIdleTimeout ({ConnectionIdleTimeout}) must be positive." : null,
            InitialHttp2StreamWindow is < 65_535 or > 16 * 1024 * 1024 ? $"InitialHttp2StreamWindow ({InitialHttp2StreamWindow}) must be between 65535 and 16777216." : null,
        }.OfType<string>(),
    ];
}

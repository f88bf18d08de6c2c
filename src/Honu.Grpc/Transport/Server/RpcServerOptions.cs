namespace Honu.Grpc;

/// <summary>What a served service accepts. Immutable; checked when the service is mapped.</summary>
public sealed record RpcServerOptions
{
    /// <summary>The largest request message, in bytes. Checked against the declared length, before memory is reserved for it.</summary>
    /// <value>Default 4 MiB. Larger: one call can hold that much memory.</value>
    public int MaxReceiveMessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The largest response message, in bytes. A larger one fails with <c>RESOURCE_EXHAUSTED</c> and is not sent.</summary>
    /// <value>Default <see cref="int.MaxValue"/>: the limit of the client decides.</value>
    public int MaxSendMessageBytes { get; init; } = int.MaxValue;

    /// <summary>How responses are compressed, towards clients that accept it.</summary>
    /// <value>Default <see cref="RpcCompression.None"/>. <see cref="RpcCompression.Gzip"/>: fewer bytes, more CPU.</value>
    public RpcCompression Compression { get; init; }

    /// <summary>How long running calls may go on after the host has begun to stop; then they end with <c>UNAVAILABLE</c>.</summary>
    /// <value>Default 5 s. Must be shorter than the host's own shutdown time-out (30 s by default), after which it resets connections.
    /// Longer: long calls finish, the host stops later.</value>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether the text of a handler's unexpected exception is sent to the client.</summary>
    /// <value>Default <see langword="false"/>: such texts may contain paths and data.</value>
    public bool IncludeExceptionDetail { get; init; }

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
            DrainTimeout < TimeSpan.Zero ? $"DrainTimeout ({DrainTimeout}) must not be negative." : null,
        }.OfType<string>(),
    ];
}

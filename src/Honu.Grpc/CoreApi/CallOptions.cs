namespace Grpc.Core;

/// <summary>What the caller of one call asks for besides the request. Immutable; the <c>With…</c> methods return changed copies.</summary>
/// <remarks>The original's call credentials and context propagation are left out: no generated code names them.</remarks>
public readonly struct CallOptions : IEquatable<CallOptions>
{
    /// <summary>Options of a call.</summary>
    /// <param name="headers">Metadata sent with the request.</param>
    /// <param name="deadline">When the call must be over, in UTC; <see langword="null"/> for never.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <param name="writeOptions">How messages are written by default.</param>
#pragma warning disable CA1068 // The original's order of parameters.
    public CallOptions(
        Metadata? headers = null,
        DateTime? deadline = null,
        CancellationToken cancellationToken = default,
        WriteOptions? writeOptions = null)
#pragma warning restore CA1068
    {
        Headers = headers;
        Deadline = deadline;
        CancellationToken = cancellationToken;
        WriteOptions = writeOptions;
    }

    /// <summary>Metadata sent with the request.</summary>
    public Metadata? Headers { get; private init; }

    /// <summary>When the call must be over, in UTC; <see langword="null"/> for never.</summary>
    public DateTime? Deadline { get; private init; }

    /// <summary>Cancels the call.</summary>
    public CancellationToken CancellationToken { get; private init; }

    /// <summary>How messages are written by default.</summary>
    public WriteOptions? WriteOptions { get; private init; }

    /// <summary>Compares all members by reference or value.</summary>
    public static bool operator ==(CallOptions left, CallOptions right) => left.Equals(right);

    /// <summary>Compares all members by reference or value.</summary>
    public static bool operator !=(CallOptions left, CallOptions right) => !left.Equals(right);

    /// <summary>A copy with these headers.</summary>
    /// <param name="headers">Metadata sent with the request.</param>
    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };

    /// <summary>A copy with this deadline.</summary>
    /// <param name="deadline">When the call must be over, in UTC.</param>
    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };

    /// <summary>A copy with this token.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    public CallOptions WithCancellationToken(CancellationToken cancellationToken) => this with { CancellationToken = cancellationToken };

    /// <summary>A copy with these write options.</summary>
    /// <param name="writeOptions">How messages are written by default.</param>
    public CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };

    /// <inheritdoc/>
    public bool Equals(CallOptions other) =>
        ReferenceEquals(Headers, other.Headers) && Deadline == other.Deadline &&
        CancellationToken == other.CancellationToken && ReferenceEquals(WriteOptions, other.WriteOptions);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is CallOptions other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Headers, Deadline, CancellationToken, WriteOptions);
}

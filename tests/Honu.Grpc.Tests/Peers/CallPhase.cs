namespace Honu.Grpc.Tests.Peers;

/// <summary>The kinds of calls, by their method.</summary>
public enum CallKind
{
    Unary,
    Collect,
    Expand,
    Duplex,
}

/// <summary>How far a call has come when the process at its other end is ended.</summary>
public enum CallPhase
{
    /// <summary>The request is there, nothing has been answered.</summary>
    BeforeHead,

    /// <summary>A part of a request message has arrived, the rest waits for flow control or is never sent.</summary>
    MidRequest,

    /// <summary>The head of the response has arrived and nothing else.</summary>
    AfterHeaders,

    /// <summary>A part of a response message has arrived.</summary>
    MidResponse,

    /// <summary>One message has gone through and the next one is waited for.</summary>
    BetweenMessages,

    /// <summary>The requests are complete, all responses have arrived, the status is missing.</summary>
    BeforeStatus,
}

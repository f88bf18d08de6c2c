namespace Honu.Hosting;

/// <summary>Why a call to a server failed, for programs that act on it.</summary>
public enum StoreClientError
{
    /// <summary>A fault of the server.</summary>
    Internal = 0,

    /// <summary>The server does not answer at the address, is stopping, or the link broke. A write may have been done or not.</summary>
    Unreachable = 1,

    /// <summary>The answer did not come in time. A write may have been done or not.</summary>
    TimedOut = 2,

    /// <summary>The server did not accept a key, value, namespace or limit.</summary>
    InvalidArgument = 3,

    /// <summary>A message, batch or number of scans is above the server's limits.</summary>
    LimitExceeded = 4,

    /// <summary>The server refused: authentication, identity, cluster, or it does not do what was asked for.</summary>
    Refused = 5,

    /// <summary>A stored object failed its checks.</summary>
    Corruption = 6,

    /// <summary>Whoever answers does not speak this protocol.</summary>
    NotHonu = 7,

    /// <summary>What was named does not exist, such as a peer.</summary>
    NotFound = 8,

    /// <summary>The server's replica did not have in time what a token or a bound of staleness asks for. A write that waited for it was not made.</summary>
    WaitTimedOut = 9,
}

/// <summary>A call to a server failed; the message is one line that names the server and the next step.</summary>
public sealed class StoreClientException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="error">What went wrong.</param>
    /// <param name="address">The server.</param>
    /// <param name="message">One line.</param>
    /// <param name="innerException">The transport's exception, if any.</param>
    public StoreClientException(StoreClientError error, string address, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Error = error;
        Address = address;
    }

    /// <summary>What went wrong.</summary>
    public StoreClientError Error { get; }

    /// <summary>The server's address as it was given.</summary>
    public string Address { get; }
}

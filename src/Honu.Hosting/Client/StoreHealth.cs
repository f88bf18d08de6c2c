namespace Honu.Hosting;

/// <summary>What a server says of itself or of one of its services.</summary>
public enum StoreHealth
{
    /// <summary>The server does not know the service, or does not tell.</summary>
    Unknown = 0,

    /// <summary>It can be called.</summary>
    Serving = 1,

    /// <summary>It cannot be called: the server starts or stops.</summary>
    NotServing = 2,
}

namespace Honu.Simulation;

/// <summary>One direction of a connection.</summary>
internal abstract class MessagePath
{
    /// <summary>Sends something that is so long; what arrives, arrives in the order of the calls.</summary>
    /// <returns>When it has left.</returns>
    public abstract TimeSpan Send(int bytes, Action deliver);
}

using Honu.Replication;
using Honu.Replication.Messages;

namespace Honu.Simulation;

/// <summary>One session on its connection.</summary>
internal sealed class SessionLink(long number, Connection connection, SessionId nearSession)
{
    /// <summary>Told to whoever watches the messages.</summary>
    public long Number { get; } = number;

    public Connection Connection { get; } = connection;

    public SimulatedReplica Near => Connection.Near;

    public SimulatedReplica Far => Connection.Far;

    public SessionId NearSession { get; } = nearSession;

    /// <summary>The session at the other end, once something has arrived there.</summary>
    public SessionId? FarSession { get; set; }

    public int NearGeneration { get; } = connection.Near.Generation;

    public int FarGeneration { get; set; }

    /// <summary>Whether the connection was made for it.</summary>
    public bool IsOpen { get; set; }

    public bool IsClosed { get; set; }

    /// <summary>What was sent before the connection was made.</summary>
    public List<SessionMessage> Waiting { get; } = [];

    public SimulatedReplica Other(SimulatedReplica one) => ReferenceEquals(one, Near) ? Far : Near;
}

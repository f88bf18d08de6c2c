namespace Honu.Simulation;

/// <summary>A connection that one replica makes to another one, and the sessions that it carries.</summary>
internal sealed class Connection
{
    private readonly Action<Connection> _broken;
    private readonly List<Action<bool>> _waiting = [];

    public Connection(VirtualTime time, PacketModel packets, SimulationOptions options, SimulatedReplica near, SimulatedReplica far, Action<Connection> broken)
    {
        _broken = broken;
        Near = near;
        Far = far;
        ToFar = NewPath(near.Index, far.Index);
        ToNear = NewPath(far.Index, near.Index);

        MessagePath NewPath(int from, int to) => options.Network is null
            ? new FragilePath(time, packets, options.MinLatency, this, from, to)
            : new OrderedPath(time, packets, options.Network, this, from, to);
    }

    public SimulatedReplica Near { get; }

    public SimulatedReplica Far { get; }

    public MessagePath ToFar { get; }

    public MessagePath ToNear { get; }

    public HashSet<SessionLink> Links { get; } = [];

    /// <summary>Whether it has been made.</summary>
    public bool IsUp { get; private set; }

    public bool IsClosed { get; set; }

    /// <summary>Whether a message was lost that breaks it.</summary>
    public bool IsLost { get; set; }

    public MessagePath PathFrom(SimulatedReplica sender) => ReferenceEquals(sender, Near) ? ToFar : ToNear;

    /// <summary>Calls back when it is clear whether the connection could be made: at once if it was.</summary>
    public void WhenMade(Action<bool> then)
    {
        if (IsUp)
            then(true);
        else
            _waiting.Add(then);
    }

    public void Made(bool isUp)
    {
        IsUp = isUp;
        IsClosed = !isUp;
        var waiting = _waiting.ToArray();
        _waiting.Clear();
        foreach (var then in waiting)
            then(isUp);
    }

    /// <summary>It does not work any more, and its ends notice.</summary>
    public void Break()
    {
        if (!IsClosed)
            _broken(this);
    }
}

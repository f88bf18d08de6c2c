namespace Honu;

public sealed partial class ReplicationPort
{
    /// <summary>Registers who runs the replication of the store, so that tokens and waits for replicas can hurry it. The last one counts.</summary>
    public void Attach(IReplicationDriver driver)
    {
        ArgumentNullException.ThrowIfNull(driver);
        _core.Waits.Driver = driver;
    }

    /// <summary>The replication has stopped. What waits for it goes on waiting until its time is over.</summary>
    public void Detach(IReplicationDriver driver)
    {
        if (ReferenceEquals(_core.Waits.Driver, driver))
            _core.Waits.Driver = null;
    }

    /// <summary>Whether somebody runs the replication of the store.</summary>
    public bool IsReplicating => _core.Waits.Driver is not null;

    /// <summary>The time of day as the store's versions count it, in Unix milliseconds.</summary>
    internal long WallClockUnixMs => _core.Options.Environment.Time.GetUtcNow().ToUnixTimeMilliseconds();
}

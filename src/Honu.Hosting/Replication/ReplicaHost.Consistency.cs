using Honu.Replication;

namespace Honu.Hosting;

public sealed partial class ReplicaHost
{
    private readonly Driver _driver;

    // Used by the loop only.
    private long _knownRevision;

    /// <summary>Tells who waits, after each event that has changed what is known of other replicas.</summary>
    private void TellIfAdvanced()
    {
        if (_replica.KnowledgeRevision == _knownRevision)
            return;
        _knownRevision = _replica.KnowledgeRevision;
        _driver.RaiseAdvanced();
    }

    /// <summary>What the store asks of this host.</summary>
    private sealed class Driver(ReplicaHost host) : IReplicationDriver
    {
        public event EventHandler? Advanced;

        public void RequestPull(string ns, VersionVector wanted) => host.Post(new ReplicaEvent.PullRequested(ns, wanted));

        public void RequestPush(string ns, VersionId version) => host.Post(new ReplicaEvent.PushRequested(ns, version));

        public void RequestRefresh(string ns, DateTimeOffset upTo) => host.Post(new ReplicaEvent.RefreshRequested(upTo));

        public int CountAcknowledged(string ns, VersionId version) => host._replica.CountAcknowledged(ns, version);

        public DateTimeOffset? CompleteUpTo(string ns) => host._replica.CompleteUpTo(ns);

        public void RaiseAdvanced() => Advanced?.Invoke(this, EventArgs.Empty);
    }
}

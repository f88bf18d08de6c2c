using Honu.History;

namespace Honu.Writing;

/// <summary>What a store knows of one namespace. Changed by the committing thread only; <see cref="Id"/> and <see cref="Name"/> never change.</summary>
internal sealed class NamespaceState(ushort id, string name, VersionVector vector, NamespaceRetention retention)
{
    private LooseDigest _loose;
    private ReplicaId _ownReplica;
    private ScalarIntervals? _own;
    private volatile bool _isDropped;

    public ushort Id { get; } = id;

    public string Name { get; } = name;

    /// <summary>Which writes are held or superseded here, the own ones included.</summary>
    public VersionVector Vector { get; private set; } = vector;

    public LooseDigest Loose => _loose;

    /// <summary>The digest of the live records.</summary>
    public Digests.NamespaceDigest Digest { get; } = new();

    /// <summary>How many current records were removed with nothing in their place since the store was opened.</summary>
    public long Removals { get; set; }

    /// <summary>The purged deletions: who does not cover them gets a full stream (R7).</summary>
    public VersionVector Frontier { get; private set; } = new();

    /// <summary>The greatest scalar of a deletion that was ever purged.</summary>
    public ulong PurgeMark { get; private set; }

    /// <summary>Below what a live record that the vector does not cover is a late outsider (R8); 0 when that cannot be told.</summary>
    /// <remarks>
    /// After a power loss or a return to an earlier state the vector may cover less than was purged: a record below the purge mark may then be one that was
    /// known here, and writing it again would bring back what was deleted. Such a replica takes everything as one does that never purged, until a full stream mends it.
    /// </remarks>
    public ulong OutsiderMark => Vector.Dominates(Frontier) ? PurgeMark : 0;

    /// <summary>Own writes that others have replaced; kept only while rumors are sent.</summary>
    public Replicating.ReplacedWrites Replaced { get; } = new();

    /// <summary>The deletions that are remembered.</summary>
    public Purging.DeletionTracker Deletions { get; } = new();

    /// <summary>Full streams that are being received, by sender.</summary>
    public Dictionary<ReplicaId, Reconciling.FullStream> FullStreams { get; } = [];

    /// <summary>What is kept of an object's past.</summary>
    public NamespaceRetention Retention { get; set; } = retention;

    /// <summary>How many conflicts are listed, and the bytes of their rows.</summary>
    public Applying.ConflictCount Conflicts { get; set; }

    /// <summary>Whether the namespace was dropped: what still holds this state must look it up anew.</summary>
    public bool IsDropped => _isDropped;

    /// <summary>The namespace was dropped.</summary>
    public void Drop() => _isDropped = true;

    /// <summary>Tombstones as of the last statistics; negative before the first.</summary>
    public long CountedTombstones { get; set; } = -1;

    /// <summary>The vector that the last barrier has vouched for in this run.</summary>
    public VersionVector? BarrierVector { get; set; }

    /// <summary>A local write became current: everything of ours up to it is here.</summary>
    public void AdvanceOwn(VersionId version) => Own(version.Replica).TryAdd(0, version.Scalar);

    /// <summary>What is covered of the store's own writes under the name of <paramref name="replica"/>. Found once per vector, not once per write.</summary>
    public ScalarIntervals Own(ReplicaId replica)
    {
        if (_own is null || _ownReplica != replica)
        {
            _own = Vector.IntervalsOf(replica);
            _ownReplica = replica;
        }

        return _own;
    }

    /// <summary>A record became current: it is loose unless the vector covers it.</summary>
    public void BecameCurrent(VersionId version)
    {
        if (!Vector.Covers(version))
            _loose.Add(version);
    }

    /// <summary>A record is current no more.</summary>
    public void WasReplaced(VersionId version)
    {
        if (version.IsNone || (_own is not null && version.Replica == _ownReplica && _own.Covers(version.Scalar)))
            return;
        if (!Vector.Covers(version))
            _loose.Remove(version);
    }

    /// <summary>Another frontier counts from now on.</summary>
    public void PublishFrontier(Format.FrontierRecord record) => (Frontier, PurgeMark) = (record.Frontier, record.PurgeMark);

    /// <summary>Another vector counts from now on, with what is loose beside it.</summary>
    public void Publish(VersionVector vector, LooseDigest loose)
    {
        Vector = vector;
        _own = null;
        _loose = loose;
    }
}

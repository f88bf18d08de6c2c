using System.Buffers.Binary;
using Honu.Format;
using Honu.Writing;

namespace Honu.Deferring;

/// <summary>What a store has received and does not hold as objects: deferred records, quarantined ones; and what it has noticed of versions that are lost or stand for two contents.</summary>
internal sealed class HeldRecords
{
    private readonly StoreCore _core;
    private readonly List<Action> _onCommit = [];
    private readonly List<EquivocationEventArgs> _equivocations = [];
    private readonly HashSet<ReplicaId> _lostEpochs = [];

    public HeldRecords(StoreCore core)
    {
        _core = core;
        Deferred = new DeferredStore(core);
        Quarantine = new QuarantineStore(core);
        Work = new DeferredWork(core);
        Reissuer = new EpochReissuer(core);
        Claims = new EpochClaims(core);
        Span<byte> run = stackalloc byte[16];
        core.Options.Environment.Random(run);
        RunId = new Guid(run, bigEndian: true);
    }

    public DeferredStore Deferred { get; }

    public QuarantineStore Quarantine { get; }

    public DeferredWork Work { get; }

    public EpochReissuer Reissuer { get; }

    public EpochClaims Claims { get; }

    /// <summary>Drawn for each opening: tells this process from one that has a copy of the directory open.</summary>
    public Guid RunId { get; }

    /// <summary>Raised outside of the queue.</summary>
    public event EventHandler<EquivocationEventArgs>? EquivocationFound;

    /// <summary>To be done when the present batch has been written; forgotten when it is given up.</summary>
    public void OnCommit(Action action) => _onCommit.Add(action);

    /// <summary>The batch was written.</summary>
    public void Publish()
    {
        if (_onCommit.Count == 0)
            return;
        foreach (var action in _onCommit)
            action();
        _onCommit.Clear();
    }

    /// <summary>The batch was given up.</summary>
    public void Discard() => _onCommit.Clear();

    /// <summary>Notes a version that stands for two contents, to be told when the queue has been left.</summary>
    public void NoteEquivocation(NamespaceState state, ReadOnlySpan<byte> key, VersionId version, ReadOnlySpan<byte> otherKey) =>
        _equivocations.Add(new EquivocationEventArgs(state.Name, key.ToArray(), version, otherKey.ToArray()));

    public EquivocationEventArgs[] TakeEquivocations()
    {
        if (_equivocations.Count == 0)
            return [];
        var taken = _equivocations.ToArray();
        _equivocations.Clear();
        return taken;
    }

    /// <summary>Tells of equivocations. Called outside of the queue.</summary>
    public void Tell(EquivocationEventArgs[] equivocations)
    {
        foreach (var equivocation in equivocations)
            EquivocationFound?.Invoke(this, equivocation);
    }

    /// <summary>Reads what is on disk. Before loose records are counted: quarantined ones are among them.</summary>
    /// <param name="lostPower">Whether the last stop may have taken rows in any order.</param>
    public void Load(bool lostPower)
    {
        Deferred.Load(lostPower);
        Quarantine.Load();
        _lostEpochs.Clear();
        byte[] prefix = [KeySpaces.Meta, (byte)'l'];
        using var marks = _core.Engine.CreateIterator();
        for (marks.Seek(prefix); marks.IsValid && marks.Key.StartsWith(prefix); marks.Next())
        {
            if (marks.Key.Length == 10)
                _lostEpochs.Add(ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64BigEndian(marks.Key[2..])));
        }

        marks.ThrowIfFailed();
    }

    /// <summary>Remembers that writes of an epoch may have gone with the power (R17): <c>M l replica(u64) → time</c>.</summary>
    public void StageLostEpoch(ReplicaId replica)
    {
        var key = new byte[10];
        key[0] = KeySpaces.Meta;
        key[1] = (byte)'l';
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(2), replica.ToUInt64());
        Span<byte> time = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(time, _core.Options.Environment.Time.GetUtcNow().ToUnixTimeMilliseconds());
        MetaRecords.Put(_core.Batch, key, time);
        _lostEpochs.Add(replica);
    }

    /// <summary>Whether a write of this store went with a power loss. Called with the queue led.</summary>
    public bool IsLost(VersionId version, string? ns) => _lostEpochs.Contains(version.Replica)
        && !_core.Namespaces.All.Any(state => (ns is null || state.Name == ns) && state.Vector.Covers(version));

    /// <summary>A namespace was dropped.</summary>
    public void Forget(NamespaceState state)
    {
        Deferred.Forget(state);
        Quarantine.Forget(state);
    }
}

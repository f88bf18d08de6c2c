namespace Honu.Deferring;

/// <summary>What waits in one namespace, as the rows on disk say it.</summary>
internal sealed class DeferredState
{
    public int Rows { get; set; }

    public long Bytes { get; set; }

    /// <summary>When the first record is due; <see cref="ulong.MaxValue"/> without any.</summary>
    public ulong NextDue { get; set; } = ulong.MaxValue;

    /// <summary>Targets that wait, in the order in which they came.</summary>
    public List<PendingTarget> Pending { get; } = [];

    /// <summary>Up to where streams that have not ended have brought deferred records, by sender.</summary>
    public Dictionary<ReplicaId, ulong> Marks { get; } = [];

    public bool IsEmpty => Rows == 0 && Pending.Count == 0 && Marks.Count == 0;

    /// <summary>The first scalar at which there is something to do.</summary>
    public ulong Earliest => Pending.Count == 0 ? NextDue : Math.Min(NextDue, Pending.Min(static pending => pending.Until));

    public ulong MarkOf(ReplicaId sender) => Marks.GetValueOrDefault(sender);

    /// <summary>What a vector will be when all that is pending has been joined.</summary>
    public VersionVector Expected(VersionVector vector)
    {
        if (Pending.Count == 0)
            return vector;
        var expected = vector.Clone();
        foreach (var pending in Pending)
        {
            if (expected.Dominates(pending.Base))
                expected.Join(pending.Target);
        }

        return expected;
    }

    /// <summary>What is pending, as far as it will be joined, by who sent it.</summary>
    public Dictionary<ReplicaId, VersionVector> PendingTargets(VersionVector vector)
    {
        var targets = new Dictionary<ReplicaId, VersionVector>();
        var expected = Pending.Count == 0 ? vector : vector.Clone();
        foreach (var pending in Pending)
        {
            if (!expected.Dominates(pending.Base))
                continue;
            expected.Join(pending.Target);
            if (!targets.TryGetValue(pending.Sender, out var target))
                targets.Add(pending.Sender, target = new VersionVector());
            target.Join(pending.Target);
        }

        return targets;
    }
}

using Honu.Format;
using Honu.Writing;

namespace Honu.Reconciling;

/// <summary>What the end of a full stream does to the records that are here, found by one walk over the namespace beside what was staged.</summary>
/// <remarks>
/// R7: for every record of ours that the target covers, the sender's state wins. A key that it does not have was deleted; one that it holds with an earlier version
/// was deleted and written again by somebody who was late. R8: our own live records that the target does not cover, from before the purge mark, are written
/// again where the sender has nothing or a deletion. All of that is judged in the batch that joins the target, whatever came and went since the stream began.
/// </remarks>
internal sealed class ReconcilePlan
{
    private readonly List<(byte[] Key, ReconcileAction Action)> _actions = [];

    private ReconcilePlan()
    {
    }

    /// <summary>By key.</summary>
    public IReadOnlyList<(byte[] Key, ReconcileAction Action)> Actions => _actions;

    /// <summary>Live objects that would be gone.</summary>
    public long Deletions { get; private set; }

    /// <summary>Live objects that are here.</summary>
    public long Objects { get; private set; }

    /// <summary>Whether the sender holds an earlier version than ours that was not kept, because ours came only afterwards: the stream has to be repeated.</summary>
    public bool LacksRecord { get; private set; }

    public static ReconcilePlan Make(StoreCore core, NamespaceState state, FullStream stream, VectorJoin join)
    {
        var plan = new ReconcilePlan();
        Span<byte> currentPrefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        Span<byte> stagedPrefix = stackalloc byte[KeySpaces.StagedPrefixBytes];
        KeySpaces.Prefix(currentPrefix, KeySpaces.Current, state.Id);
        KeySpaces.StagedPrefix(stagedPrefix, state.Id, stream.Id);
        using var records = core.Engine.CreateIterator(verify: true);
        using var staged = core.Engine.CreateIterator(verify: true);
        staged.Seek(stagedPrefix);
        for (records.Seek(currentPrefix); records.IsValid && records.Key.StartsWith(currentPrefix); records.Next())
        {
            var key = records.Key[currentPrefix.Length..];
            while (staged.IsValid && staged.Key.StartsWith(stagedPrefix) && staged.Key[stagedPrefix.Length..].SequenceCompareTo(key) < 0)
                staged.Next();
            var isStaged = staged.IsValid && staged.Key.StartsWith(stagedPrefix) && staged.Key[stagedPrefix.Length..].SequenceEqual(key);
            var payload = isStaged ? MetaRecords.Open(staged.Key, staged.Value) : default;
            if (isStaged && !StagedKey.IsWellFormed(payload))
                throw MetaRecords.Damaged(staged.Key);
            plan.Judge(core, key, StoreCore.Parse(records.Value, key), payload, join.Target, join.PurgeMark);
        }

        // What was passed over would be taken for absent.
        records.ThrowIfFailed();
        staged.ThrowIfFailed();
        return plan;
    }

    private void Judge(StoreCore core, ReadOnlySpan<byte> key, scoped in RecordReader ours, ReadOnlySpan<byte> staged, VersionVector target, ulong purgeMark)
    {
        var isLive = !ours.IsDeleted(core.Clock);
        Objects += isLive ? 1 : 0;
        if (target.Covers(ours.Version))
        {
            if (staged.IsEmpty && core.Faults.HasFlag(PlantedFaults.AbsenceIgnored))
                return;
            if (staged.IsEmpty)
                Add(key, ReconcileAction.Remove, isLive);
            else if (VersionOrder.Wins(ours.Version, StagedKey.ReadVersion(staged)))
                AddTake(key, staged, isLive);
        }
        else if (isLive && ours.Version.Scalar <= purgeMark && !core.Faults.HasFlag(PlantedFaults.LateOutsiderApplied) && (staged.IsEmpty || StagedKey.IsDeleted(staged)))
        {
            Add(key, ReconcileAction.Reissue, isDeletion: false);
        }
        else if (!staged.IsEmpty && !StagedKey.Record(staged).IsEmpty)
        {
            Add(key, ReconcileAction.Apply, isDeletion: false);
        }
    }

    private void AddTake(ReadOnlySpan<byte> key, ReadOnlySpan<byte> staged, bool isLive)
    {
        if (StagedKey.Record(staged).IsEmpty)
            LacksRecord = true;
        else
            Add(key, ReconcileAction.Take, isLive && StagedKey.IsDeleted(staged));
    }

    private void Add(ReadOnlySpan<byte> key, ReconcileAction action, bool isDeletion)
    {
        _actions.Add((key.ToArray(), action));
        Deletions += isDeletion ? 1 : 0;
    }
}

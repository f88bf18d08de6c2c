using Honu.Format;
using Honu.Writing;

namespace Honu.Deferring;

/// <summary>Applies deferred records when they are due, and joins what has waited for them.</summary>
internal sealed class DeferredWork(StoreCore core)
{
    private const int RecordsPerStep = 512;

    /// <summary>Does all that is due, in steps that let others in between. Called outside of the queue.</summary>
    /// <returns>How long until there is more to do; <see langword="null"/> when nothing waits.</returns>
    public TimeSpan? Run()
    {
        while (Step())
        {
        }

        var next = core.Held.Deferred.Earliest;
        if (next == ulong.MaxValue)
            return null;

        // Rounded up: a step that comes too early does nothing.
        var due = HybridLogicalClock.ToTime(next + ushort.MaxValue) - core.Options.MaxClockDrift;
        var wait = due - core.Options.Environment.Time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>Does some of what is due. Called outside of the queue.</summary>
    /// <returns>Whether anything was done.</returns>
    public bool Step()
    {
        if (!core.Held.Deferred.HasDue)
            return false;
        var (ns, conflicted, equivocations) = core.Exclusively(core, static core =>
        {
            core.ThrowIfUnusable();
            var done = core.Held.Work.ApplySome();
            return (done, core.Conflicts.TakeTouched(), core.Held.TakeEquivocations());
        });
        if (ns is null)
            return false;
        core.Settler.Settle(ns, conflicted);
        core.Held.Tell(equivocations);
        return true;
    }

    // For the committing thread. The namespace that something was done in.
    private string? ApplySome()
    {
        var deferred = core.Held.Deferred;
        var state = deferred.All.FirstOrDefault(waiting => deferred.IsDue(waiting.Value.Earliest)).Key;
        if (state is null)
            return null;
        Span<byte> prefix = stackalloc byte[DeferredRows.KindPrefixBytes];
        DeferredRows.Prefix(prefix, state.Id, DeferredRows.Record);
        using var rows = core.Engine.CreateIterator(verify: true);
        core.Applier.BeginBlock(state);
        var nextDue = ulong.MaxValue;
        var left = RecordsPerStep;
        for (rows.Seek(prefix); rows.IsValid && rows.Key.StartsWith(prefix); rows.Next())
        {
            var key = DeferredRows.ReadRecordKey(rows.Key, out var due);
            if (left-- == 0 || !deferred.IsDue(due))
            {
                nextDue = due;
                break;
            }

            core.Applier.ApplyNext(state, key, StoreCore.Parse(MetaRecords.Open(rows.Key, rows.Value), key), stream: null, isDue: true);
            deferred.StageRemoval(state, rows.Key, rows.Value.Length);
        }

        rows.ThrowIfFailed();

        // By the batch that applies the last record that a target waits for (R9).
        if (deferred.StagePending(state, nextDue) is { } vector)
            core.Clock.Observe(vector.GreatestScalar());
        core.Commit(sync: false);
        return state.Name;
    }
}

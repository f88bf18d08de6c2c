using Honu.Digests;
using Honu.Format;
using Honu.Writing;

namespace Honu.Applying;

/// <summary>Writes a late outsider again as a new local version whose context covers it (R8). For the committing thread only.</summary>
/// <remarks>
/// Its writer was away for longer than deletions are remembered, so nobody can tell whether the object was deleted knowing of this write. Applied as it is, it
/// would win at a replica that has purged the deletion, and lose at one that has not. A new version wins everywhere.
/// </remarks>
internal sealed class Reissuer(StoreCore core)
{
    private readonly ReissuedRecord _records = new(core);

    /// <summary>The last scalar that was made for the present batch; 0 when none was. A vector that is joined in the same batch must cover it.</summary>
    public ulong LastScalar { get; private set; }

    /// <summary>Forgets <see cref="LastScalar"/>: another batch begins.</summary>
    public void Begin() => LastScalar = 0;

    /// <summary>Adds the new version of <paramref name="late"/> for a key that has no record.</summary>
    public void Stage(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader late, ulong purgeMark)
    {
        core.Presence.Add(core.Hash.Of(state.Id, key));
        Stage(state, key, late, late.Context.With(late.Version), purgeMark, previous: default, sequence: 0);
    }

    /// <summary>Adds the new version of <paramref name="late"/> in place of <paramref name="current"/>, which may be the same record.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="late">The late write.</param>
    /// <param name="current">The record that is current.</param>
    /// <param name="deletion">What else the new version covers: a deletion that a peer holds, with what it descends from.</param>
    /// <param name="purgeMark">The purge mark that counts from this batch on.</param>
    public void Stage(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader late, scoped in RecordReader current, CausalContext deletion, ulong purgeMark)
    {
        if (current.HasLosers)
            core.Conflicts.StageAllCovered(state, key);
        var context = late.Context.Join(current.Context).Join(current.Losers).Join(deletion).With(current.Version).With(late.Version);
        var sequence = core.History.StagePrevious(state, key, current, lostConflict: false);
        Stage(state, key, late, context, purgeMark, CurrentRecord.Of(current), sequence);
    }

    private void Stage(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader late, CausalContext context, ulong purgeMark, in CurrentRecord previous, ulong sequence)
    {
        core.Clock.Observe(purgeMark);
        foreach (var entry in context.Entries)
            core.Clock.Observe(entry.Scalar);
        var version = new VersionId(core.Clock.Next(late.Version.Scalar), core.Identity.Replica);

        // The clock may be ahead of the time of day: a record is current for a moment at least.
        var expiry = late.Expiry == 0 ? 0 : Math.Max(late.Expiry, version.Scalar + 1);
        var checksum = RecordChecksum.OfValue(late.Value);
        var record = core.Records.Write(key, late.Value, checksum, isTombstone: false, version, late.Version, context.WithPurgeMark(purgeMark), late.Creator, new LocalPart(sequence), expiry);
        _records.Stage(state, key, record, new CurrentRecord(version, RecordReader.ReadChecksum(record), IsCounted: expiry == 0, IsTombstone: false), previous, sequence, expiry);
        LastScalar = version.Scalar;
    }
}

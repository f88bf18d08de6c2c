using Honu.Digests;
using Honu.Format;

namespace Honu.Writing;

// What goes into the present batch beside the records, and how records and vectors are read.
internal sealed partial class StoreCore
{
    /// <summary>Notes a replaced or new current record, to be published when its batch is written. Whoever puts a record into the space <c>C</c> must call it, except where version and checksum stay.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="now">What is current now.</param>
    /// <param name="before">What was, or none.</param>
    /// <param name="isLocal">Whether it is a write of this process: only such a one says that everything of ours before it is here.</param>
    public void StageReplacement(NamespaceState state, in CurrentRecord now, in CurrentRecord before, bool isLocal) => _staged.Add(new StagedWrite(state, now, before, isLocal));

    /// <summary>Notes that a current record goes and nothing takes its place. Whoever deletes from the space <c>C</c> must call it.</summary>
    public void StageRemoval(NamespaceState state, in CurrentRecord before) => _staged.Add(new StagedWrite(state, Now: default, before, IsLocal: false));

    /// <summary>What of a namespace's vector survives a power loss: that of the last barrier, as far as it still counts.</summary>
    public VersionVector DurableVector(NamespaceState state)
    {
        Span<byte> key = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        state.BarrierVector ??= NamespaceTable.ReadVector(Engine, KeySpaces.Prefix(key, KeySpaces.Barrier, state.Id));

        // One that names an epoch which the vector has forgotten since vouches for nothing before the next barrier.
        return state.Vector.Dominates(state.BarrierVector) ? state.BarrierVector : new VersionVector();
    }

    public void StageVector(NamespaceState state) => StageVector(state, state.Vector, KeySpaces.Vector);

    public void StageVector(NamespaceState state, VersionVector vector, byte space)
    {
        Span<byte> key = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        MetaRecords.Put(Batch, KeySpaces.Prefix(key, space, state.Id), vector.ToArray());
    }

    /// <summary>Adds a grown vector to the batch, to be published when it is written.</summary>
    public void StageJoin(NamespaceState state, VersionVector vector)
    {
        StageVector(state, vector, KeySpaces.Vector);
        _joins.Add((state, vector));
    }

    /// <summary>Adds a grown frontier to the batch, to be published when it is written.</summary>
    public void StageFrontier(NamespaceState state, FrontierRecord frontier)
    {
        Span<byte> key = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        MetaRecords.Put(Batch, KeySpaces.Prefix(key, KeySpaces.Frontier, state.Id), frontier.Encode());
        _frontiers.Add((state, frontier));
    }

    /// <summary>Counts from the index which current records of a namespace a vector does not cover; the clock takes over what it sees.</summary>
    public LooseDigest CountLoose(NamespaceState state, VersionVector vector)
    {
        var loose = default(LooseDigest);
        using var entries = new Replicating.UncoveredEntries(Engine, snapshot: null, state.Id, vector, Faults, Held.Quarantine.Count(state) > 0);
        while (entries.MoveNext())
        {
            loose.Add(entries.Version);
            if (!Faults.HasFlag(PlantedFaults.ClockNotAdvanced))
                Clock.Observe(entries.Version.Scalar);
        }

        return loose;
    }

    // The same after a join, from the entries that stay loose or from those that do not any more, whichever are fewer. Which, nobody knows before
    // one of the walks ends: a million leave and none stay at the end of a bootstrap, one leaves and a million stay when a push comes during it.
    private LooseDigest CountLooseAfter(NamespaceState state, VersionVector vector)
    {
        const int HeadStart = 64;
        if (!vector.Dominates(state.Vector))
            return CountLoose(state, vector);
        var hasQuarantine = Held.Quarantine.Count(state) > 0;
        var rest = state.Loose;
        using var leaving = new Replicating.NewlyCoveredEntries(Engine, state.Id, state.Vector, vector, Faults, hasQuarantine);
        for (var i = 0; i < HeadStart; i++)
        {
            if (!leaving.MoveNext())
                return rest;
            rest.Remove(leaving.Version);
        }

        var counted = default(LooseDigest);
        using var staying = new Replicating.UncoveredEntries(Engine, snapshot: null, state.Id, vector, Faults, hasQuarantine);
        while (staying.MoveNext())
        {
            counted.Add(staying.Version);
            if (!leaving.MoveNext())
                return rest;
            rest.Remove(leaving.Version);
        }

        return counted;
    }

    /// <summary>Reads a record that the store itself wrote under <paramref name="key"/>.</summary>
    public static RecordReader Parse(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> key) =>
        RecordReader.TryParse(bytes, out var record) ? record : throw Damaged(key);

    public static HonuCorruptionException Damaged(ReadOnlySpan<byte> key) =>
        new(path: null, $"The record of key {Describe(key)} failed its checks. Restore the directory from a backup, or begin an empty replica and let its peers fill it.");

    private static string Describe(ReadOnlySpan<byte> key) => Convert.ToHexString(key[..Math.Min(key.Length, 32)]) + (key.Length > 32 ? "… (hex)" : " (hex)");
}

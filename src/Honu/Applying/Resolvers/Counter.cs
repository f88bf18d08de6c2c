using System.Buffers;

namespace Honu;

/// <summary>Merges counters (<see cref="CounterValue"/>): no increment is lost, however many replicas count at once. Change them by <see cref="Add"/> only.</summary>
/// <remarks>
/// A deletion loses against a concurrent change, and does not set the parts of other replicas to zero for good: do not delete a counter that others still count on.
/// A value that is no counter makes the resolver fail (<see cref="StoreStatistics.ResolverFailures"/>).
/// </remarks>
public sealed class Counter : IConflictResolver
{
    /// <summary>The only instance that is needed.</summary>
    public static Counter Instance { get; } = new();

    /// <summary>Adds to a counter; one that does not exist begins at 0.</summary>
    /// <param name="ns">Its namespace, which has this resolver on all replicas.</param>
    /// <param name="key">Its key.</param>
    /// <param name="delta">What to add; may be negative.</param>
    /// <param name="options">Options of this write.</param>
    /// <returns>The counter as it is then, as far as this replica knows.</returns>
    /// <exception cref="FormatException">The object holds something else.</exception>
    /// <exception cref="OverflowException">This replica has added more than 2^64 - 1 over time.</exception>
    public static CounterValue Add(HonuNamespace ns, ReadOnlySpan<byte> key, long delta, WriteOptions options = default)
    {
        ArgumentNullException.ThrowIfNull(ns);
        var changed = CounterValue.Zero;
        ns.Update(
            key,
            (in VersionedValue current, IBufferWriter<byte> next) =>
            {
                changed = Parse(current).Add(ns.Writer, delta);
                next.Write(changed.ToArray());
                return true;
            },
            options);
        return changed;
    }

    /// <summary>Reads a counter, conflicts that are not settled yet included; 0 when there is none.</summary>
    /// <exception cref="FormatException">The object holds something else.</exception>
    public static CounterValue Read(HonuNamespace ns, ReadOnlySpan<byte> key)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return ns.GetMerged(key) is { } value ? CounterValue.Parse(value) : CounterValue.Zero;
    }

    /// <inheritdoc/>
    public ConflictResolution Resolve(in ConflictContext conflict, IBufferWriter<byte> result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (conflict.Loser.IsDeleted)
            return ConflictResolution.KeepWinner;
        if (conflict.Winner.IsDeleted)
            return ConflictResolution.KeepLoser;
        result.Write(Parse(conflict.Winner).Merge(Parse(conflict.Loser)).ToArray());
        return ConflictResolution.Merge;
    }

    private static CounterValue Parse(in VersionedValue value) => value.IsDeleted ? CounterValue.Zero : CounterValue.Parse(value.Value);
}

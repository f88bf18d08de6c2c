using System.Buffers;

namespace Honu;

/// <summary>Merges sets that only grow (<see cref="GrowOnlySetValue"/>): every element that anybody has added stays. Change them by <see cref="Add"/> only.</summary>
/// <remarks>
/// Elements cannot be removed: another replica would bring them back. A deletion of the whole object loses against a concurrent change. A value that is
/// no such set makes the resolver fail (<see cref="StoreStatistics.ResolverFailures"/>).
/// </remarks>
public sealed class GrowOnlySet : IConflictResolver
{
    /// <summary>The only instance that is needed.</summary>
    public static GrowOnlySet Instance { get; } = new();

    /// <summary>Adds an element to a set; a set that does not exist begins empty.</summary>
    /// <param name="ns">Its namespace, which has this resolver on all replicas.</param>
    /// <param name="key">Its key.</param>
    /// <param name="element">The element; may be empty.</param>
    /// <param name="options">Options of this write.</param>
    /// <returns><see langword="false"/> if it was there already: nothing is written then.</returns>
    /// <exception cref="FormatException">The object holds something else.</exception>
    public static bool Add(HonuNamespace ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> element, WriteOptions options = default)
    {
        ArgumentNullException.ThrowIfNull(ns);
        var (isNew, copy) = (false, element.ToArray());
        ns.Update(
            key,
            (in VersionedValue current, IBufferWriter<byte> next) =>
            {
                var set = Parse(current);
                isNew = !set.Contains(copy);
                if (isNew)
                    next.Write(set.Add(copy).ToArray());
                return isNew;
            },
            options);
        return isNew;
    }

    /// <summary>Reads a set, conflicts that are not settled yet included; empty when there is none.</summary>
    /// <exception cref="FormatException">The object holds something else.</exception>
    public static GrowOnlySetValue Read(HonuNamespace ns, ReadOnlySpan<byte> key)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return ns.GetMerged(key) is { } value ? GrowOnlySetValue.Parse(value) : GrowOnlySetValue.Empty;
    }

    /// <inheritdoc/>
    public ConflictResolution Resolve(in ConflictContext conflict, IBufferWriter<byte> result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (conflict.Loser.IsDeleted)
            return ConflictResolution.KeepWinner;
        if (conflict.Winner.IsDeleted)
            return ConflictResolution.KeepLoser;
        result.Write(Parse(conflict.Winner).Union(Parse(conflict.Loser)).ToArray());
        return ConflictResolution.Merge;
    }

    private static GrowOnlySetValue Parse(in VersionedValue value) => value.IsDeleted ? GrowOnlySetValue.Empty : GrowOnlySetValue.Parse(value.Value);
}

using System.Buffers;
using Honu.Applying.Resolvers;

namespace Honu;

/// <summary>Merges JSON objects field by field: of each field of the outermost object the last write wins. Change single fields by <see cref="Set"/>.</summary>
/// <remarks>
/// <para>A value is a JSON object. Where its fields are not all of the value's own version, the reserved member <c>"$versions"</c> holds the versions of the others:
/// <c>{"name":"x","size":2,"$versions":{"name":"17@1.0"}}</c>. <see cref="Set"/> and merging keep it; readers may ignore it.</para>
/// <para>A plain put without that member writes all of its fields anew: against a concurrent write the later of the two has all fields that both have. One that
/// carries an old <c>"$versions"</c> along with changed fields would hide its changes. A field is never removed by merging: leaving it out does not survive a
/// concurrent write that has it; set it to <c>null</c> instead. A deletion of the object loses against a concurrent change. Fields inside of fields are not
/// merged. A value that is no JSON object makes the resolver fail (<see cref="StoreStatistics.ResolverFailures"/>).</para>
/// </remarks>
public sealed class JsonFieldMerge : IConflictResolver
{
    /// <summary>The only instance that is needed.</summary>
    public static JsonFieldMerge Instance { get; } = new();

    /// <summary>Sets some fields of a JSON object and leaves the others, with their versions, as they are. An object that does not exist begins empty.</summary>
    /// <param name="ns">Its namespace, which has this resolver on all replicas.</param>
    /// <param name="key">Its key.</param>
    /// <param name="fields">A JSON object with the fields to set.</param>
    /// <param name="options">Options of this write.</param>
    /// <returns>The version it made.</returns>
    /// <exception cref="FormatException">The object or <paramref name="fields"/> is no JSON object, or <paramref name="fields"/> names <c>$versions</c>.</exception>
    public static ObjectVersion Set(HonuNamespace ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> fields, WriteOptions options = default)
    {
        ArgumentNullException.ThrowIfNull(ns);
        var changed = VersionedFields.Parse(fields, version: default);
        if (changed.HasStamps)
            throw new FormatException("The member $versions is kept by Honu: leave it out of the fields to set.");
        return ns.Update(
            key,
            (in VersionedValue current, IBufferWriter<byte> next) =>
            {
                Parse(current).With(changed).Write(next);
                return true;
            },
            options);
    }

    /// <inheritdoc/>
    public ConflictResolution Resolve(in ConflictContext conflict, IBufferWriter<byte> result)
    {
        if (conflict.Loser.IsDeleted)
            return ConflictResolution.KeepWinner;
        var loser = Parse(conflict.Loser);
        var winner = Parse(conflict.Winner);
        var merged = winner.Merge(loser);
        if (!conflict.Winner.IsDeleted && merged.IsSameAs(winner))
            return ConflictResolution.KeepWinner;

        // Never the loser's own bytes: under their new version its fields would count as newly written.
        merged.Write(result);
        return ConflictResolution.Merge;
    }

    private static VersionedFields Parse(in VersionedValue value) =>
        value.IsDeleted ? VersionedFields.Empty : VersionedFields.Parse(value.Value, value.Version);
}

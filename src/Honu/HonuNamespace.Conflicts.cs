using System.Buffers;
using Honu.Applying;

namespace Honu;

public sealed partial class HonuNamespace
{
    /// <summary>The conflicts of this namespace that nothing has settled yet, by key. A local view: see the remarks.</summary>
    /// <remarks>
    /// <para>A conflict is known where both versions met, at the latest at the replica that wrote the losing one, and stays until a version that follows on both
    /// arrives or is written here (any put or deletion of the object does), until the resolver settles it, or until <see cref="DismissConflict"/>. Other replicas may list others.</para>
    /// <para>Kept are the 10,000 newest with at most 64 MiB; <see cref="StoreStatistics.ConflictsForgotten"/> counts the rest. Allocates all of them with their values.</para>
    /// </remarks>
    public IReadOnlyList<Conflict> Conflicts()
    {
        if (State is not { } state)
            return [];
        if (_snapshot is not null)
            return _core.Conflicts.List(state, _snapshot);
        using var moment = _core.Engine.CreateSnapshot();
        return _core.Conflicts.List(state, moment);
    }

    /// <summary>Takes a conflict off the list of this store, and leaves the object as it is: the loser is given up here. Other replicas keep theirs.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="loser">The version that lost, as <see cref="Conflicts"/> names it.</param>
    /// <returns>Whether it was listed.</returns>
    public bool DismissConflict(ReadOnlySpan<byte> key, VersionId loser)
    {
        ThrowIfSnapshot();
        StoreLimits.CheckKey(key);
        return State is { } state && _core.Exclusively((_core, state, key: key.ToArray(), loser), static args =>
        {
            args._core.ThrowIfUnusable();
            var isListed = args._core.Conflicts.StageRemoval(args.state, args.key, args.loser);
            args._core.Commit(sync: false);
            return isListed;
        });
    }

    /// <summary>Reads, changes and writes an object as one step, with unsettled conflicts merged in by the namespace's <see cref="IConflictResolver"/>.</summary>
    /// <param name="key">1 to 4,096 bytes.</param>
    /// <param name="update">Makes the next value. Called again if the object changes meanwhile; must not write to the store.</param>
    /// <param name="options">Options of this write.</param>
    /// <returns>The version it made, or the present one (none when there is none) if <paramref name="update"/> said no.</returns>
    /// <remarks>
    /// For values that are merged this is the way to change them: a write follows on every losing version that was seen here, so a plain
    /// read and put, which has seen only the winner, would give up what the losers hold. Values are copied.
    /// </remarks>
    /// <inheritdoc cref="Put"/>
    public ObjectVersion Update(ReadOnlySpan<byte> key, ValueUpdate update, WriteOptions options = default)
    {
        ArgumentNullException.ThrowIfNull(update);
        ThrowIfSnapshot();
        ThrowIfWaits(options);
        StoreLimits.CheckKey(key);
        var ownKey = key.ToArray();
        var next = new ArrayBufferWriter<byte>();
        while (true)
        {
            var writer = _core.Identity.Replica;
            var seen = State is { } state ? _core.Conflicts.ReadObject(state, ownKey) : ConflictedObject.Missing;
            next.ResetWrittenCount();
            if (!update(_core.Settler.Merge(Name, ownKey, seen).AsVersioned(), next))
                return seen.Current is null ? default : Writing.StoreCore.Parse(seen.Current, ownKey).ToObjectVersion(_core.Clock);
            CheckValue(_core, next.WrittenSpan);
            if (_core.Settler.TryWrite(Name, ownKey, seen, new MergedValue(default, IsDeleted: false, next.WrittenSpan.ToArray()), writer, IsSynced(_core, options), options.TimeToLive is { } timeToLive ? Lifetime(_core, timeToLive) : 0) is not { } version)
                continue;
            _core.NotifyLocalCommit();
            return version;
        }
    }

    /// <summary>The present value with unsettled conflicts merged in; <see langword="null"/> if there is none. Writes nothing.</summary>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, IBufferWriter{byte})"/>
    public byte[]? GetMerged(ReadOnlySpan<byte> key)
    {
        StoreLimits.CheckKey(key);
        if (State is not { } state)
            return null;
        var merged = _core.Settler.Merge(Name, key, _core.Conflicts.ReadObject(state, key, _snapshot));
        return merged.IsDeleted ? null : merged.Value;
    }

    /// <summary>The replica that this store writes as.</summary>
    internal ReplicaId Writer => _core.Identity.Replica;
}

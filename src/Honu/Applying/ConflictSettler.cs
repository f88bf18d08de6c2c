using System.Buffers;
using Honu.Format;
using Honu.Writing;

namespace Honu.Applying;

/// <summary>Runs the resolvers, and commits what they say if the object is still as they saw it.</summary>
/// <remarks>
/// Every replica asks its resolver. Where the winner is the result already, the conflict is settled and nothing is written. Otherwise only the origin of the
/// loser writes the result (R15), an ordinary local write whose context covers the winner and all losers (R14), after merging all of them. A resolver is
/// the user's code: it runs while nobody holds the commit queue, so that it may read the store and takes nobody's time.
/// </remarks>
internal sealed class ConflictSettler(StoreCore core)
{
    // Each new attempt means that somebody else wrote the object: what is left then is tried when it changes next.
    private const int MaxAttempts = 16;

    /// <summary>Settles what the last run has left. For a store that is being opened.</summary>
    public void SettleAll()
    {
        foreach (var state in core.Namespaces.All)
        {
            if (state.Conflicts.Rows > 0)
                Settle(state, core.Conflicts.Keys(state));
        }
    }

    /// <summary>Settles the conflicts of some keys as far as they are this store's to settle. Called outside of the commit queue.</summary>
    public void Settle(string ns, byte[][] keys)
    {
        if (keys.Length == 0 || core.Namespaces.Find(ns) is not { } state)
            return;
        bool hasWritten;
        try
        {
            hasWritten = Settle(state, keys);
        }
        catch (ObjectDisposedException)
        {
            // Closed meanwhile. The rows stand on disk, and the next opening goes on with them.
            return;
        }

        if (hasWritten)
            core.NotifyLocalCommit();
    }

    /// <summary>The value of an object with the losers merged in, as far as the resolver can; without a resolver the current one.</summary>
    public MergedValue Merge(string ns, ReadOnlySpan<byte> key, ConflictedObject seen)
    {
        var merged = MergedValue.Of(seen.Current, key, core.Clock);
        if (core.Options.ResolverOf(ns) is not { } resolver)
            return merged;
        foreach (var loser in seen.Losers)
        {
            if (Ask(resolver, ns, key, merged, loser) is { } result)
                merged = result;
        }

        return merged;
    }

    /// <summary>Writes a value if the object is still as it was seen: the current version and the listed losers, which the new version will cover.</summary>
    /// <returns>The new version; <see langword="null"/> when the object has changed.</returns>
    public ObjectVersion? TryWrite(string ns, byte[] key, ConflictedObject seen, MergedValue next, ReplicaId writer, bool sync, ulong lifetime = 0)
    {
        var checksum = RecordChecksum.OfValue(next.Value);
        return core.Exclusively((core, ns, key, seen, next, writer, sync, checksum, lifetime), static args =>
        {
            var core = args.core;
            core.ThrowIfUnusable();
            var now = core.Namespaces.Find(args.ns) is { } state ? core.Conflicts.ReadObject(state, args.key) : ConflictedObject.Missing;
            if (core.Identity.Replica != args.writer || !args.seen.IsSameAs(now))
                return (ObjectVersion?)null;
            var kind = args.next.IsDeleted ? WriteKind.Delete : WriteKind.Put;
            var outcome = core.Writer.Stage(new WriteOperation(kind, args.ns, args.key, args.next.Value, args.checksum, expected: default, args.sync, state: null, hash: 0, args.lifetime));
            core.Commit(args.sync);
            return outcome.Version;
        });
    }

    private bool Settle(NamespaceState state, IEnumerable<byte[]> keys)
    {
        var hasWritten = false;
        if (core.Options.ResolverOf(state.Name) is { } resolver)
        {
            foreach (var key in keys)
                hasWritten |= Settle(state, resolver, key);
        }

        // Only now: what a resolver has settled takes no room.
        core.Exclusively((core, state), static args =>
        {
            args.core.ThrowIfUnusable();
            args.core.Conflicts.StageLimit(args.state);
            args.core.Commit(sync: false);
            return true;
        });
        return hasWritten;
    }

    private bool Settle(NamespaceState state, IConflictResolver resolver, byte[] key)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var writer = core.Identity.Replica;
            var seen = core.Conflicts.ReadObject(state, key);
            if (seen.Current is null || seen.Losers.Count == 0)
                return false;
            var current = MergedValue.Of(seen.Current, key, core.Clock);
            if (Decide(state, resolver, key, seen, current, out var settled) is not { } next)
            {
                if (settled.Count == 0 || TryRemove(state, key, seen, settled))
                    return false;
            }
            else if (TryWrite(state.Name, key, seen, next, writer, core.Options.Durability == Durability.Synced) is not null)
            {
                return true;
            }
        }

        return false;
    }

    // What to write, or null; and which losers need no write, because the winner holds what they would add.
    private MergedValue? Decide(NamespaceState state, IConflictResolver resolver, byte[] key, ConflictedObject seen, MergedValue current, out List<VersionId> settled)
    {
        settled = [];
        var (isOurs, isUndecided) = (false, false);
        foreach (var loser in seen.Losers)
        {
            var version = RecordReader.ReadVersion(loser);
            var result = Ask(resolver, state.Name, key, current, loser);
            isUndecided |= result is null;
            if (result?.HasContentOf(current) == true)
                settled.Add(version);
            else if (result is not null)
                isOurs |= core.Conflicts.IsOwn(version);
        }

        // The new version would cover what nobody has decided, and so unlist it.
        if (!isOurs || isUndecided)
            return null;
        var merged = current;
        foreach (var loser in seen.Losers)
            merged = Ask(resolver, state.Name, key, merged, loser) ?? merged;
        return merged.HasContentOf(current) ? null : merged;
    }

    private bool TryRemove(NamespaceState state, byte[] key, ConflictedObject seen, List<VersionId> settled) =>
        core.Exclusively((core, state, key, seen, settled), static args =>
        {
            var conflicts = args.core.Conflicts;
            args.core.ThrowIfUnusable();
            if (!args.seen.IsSameAs(conflicts.ReadObject(args.state, args.key)))
                return false;
            foreach (var loser in args.settled)
                conflicts.StageRemoval(args.state, args.key, loser);
            args.core.Commit(sync: false);
            return true;
        });

    // The outcome of one conflict; null when it is left undecided, on purpose or by a failure.
    private MergedValue? Ask(IConflictResolver resolver, string ns, ReadOnlySpan<byte> key, MergedValue winner, byte[] loserRecord)
    {
        var loser = MergedValue.Of(loserRecord, key, core.Clock);
        if (loser.HasContentOf(winner))
            return winner;
        var buffer = new ArrayBufferWriter<byte>();
        try
        {
            var resolution = resolver.Resolve(new ConflictContext(ns, key, winner.AsVersioned(), loser.AsVersioned()), buffer);
            return resolution switch
            {
                ConflictResolution.KeepWinner => winner,
                ConflictResolution.KeepLoser => loser with { Version = winner.Version },
                ConflictResolution.Merge when buffer.WrittenCount <= core.Options.MaxValueBytes => winner with { IsDeleted = false, Value = buffer.WrittenSpan.ToArray() },
                ConflictResolution.Delete => winner with { IsDeleted = true, Value = [] },
                ConflictResolution.Undecided => null,
                _ => Failed(),
            };
        }
        catch (Exception)
        {
            // The user's code, whatever it throws: replication must go on, and the conflict stays listed.
            return Failed();
        }
    }

    private MergedValue? Failed()
    {
        core.Conflicts.CountFailure();
        return null;
    }
}

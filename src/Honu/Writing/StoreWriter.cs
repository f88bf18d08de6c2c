using Honu.Digests;
using Honu.Format;
using Honu.History;
using Honu.Lookup;

namespace Honu.Writing;

/// <summary>Makes versions of local writes and commits them.</summary>
internal sealed class StoreWriter(StoreCore core)
{
    private const int MaxGroupRequests = 64;
    private const int MaxGroupBytes = 1 << 20;

    // The followers of the present group, and the hashes of all keys in it: a key that may be in the group already waits for the next.
    private readonly List<CommitRequest> _followers = new(MaxGroupRequests);
    private readonly HashSet<int> _keys = new(MaxGroupRequests);
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];
    private int _groupBytes;

    /// <summary>Commits one write, alone or together with those of other threads. Called from any thread.</summary>
    public WriteOutcome Commit(in WriteOperation operation)
    {
        if (core.Queue.TryLead())
            return LeadAndNotify(operation);

        var request = CommitRequest.Copy(operation);
        try
        {
            if (core.Queue.EnqueueAndWait(request))
                return LeadAndNotify(request.Operation);
            return request.Error is { } error ? throw Shared(error) : request.Outcome;
        }
        finally
        {
            request.Release();
        }
    }

    /// <summary>Commits all operations of a batch atomically.</summary>
    public ObjectVersion[] Commit(HonuWriteBatch batch, bool sync, ulong lifetime)
    {
        var outcomes = new ObjectVersion[batch.Count];
        core.Queue.LeadAlone();
        try
        {
            core.ThrowIfUnusable();
            var i = 0;
            foreach (var operation in batch.Operations)
            {
                var outcome = Stage(operation.ToWriteOperation(sync, lifetime));
                outcomes[i++] = outcome.Applied ? outcome.Version : default;
            }

            core.Commit(sync);
        }
        finally
        {
            core.Abandon();
            core.Queue.Leave();
        }

        core.NotifyLocalCommit();
        return outcomes;
    }

    private WriteOutcome LeadAndNotify(in WriteOperation operation)
    {
        var outcome = Lead(operation, out var anyApplied);
        if (anyApplied)
            core.NotifyLocalCommit();
        return outcome;
    }

    private WriteOutcome Lead(in WriteOperation operation, out bool anyApplied)
    {
        Exception? failure = null;
        anyApplied = false;
        try
        {
            core.ThrowIfUnusable();
            var outcome = Stage(operation);
            TakeFollowers(operation);
            anyApplied = core.HasStaged;
            core.Commit(operation.Sync);
            return outcome;
        }
        catch (Exception error)
        {
            // Told to the followers too: their writes were in the same batch.
            failure = error;
            throw;
        }
        finally
        {
            core.Abandon();
            foreach (var follower in _followers)
            {
                follower.Error ??= failure;
                follower.Complete(CommitRequestState.Done);
            }

            _followers.Clear();
            core.Queue.Leave();
        }
    }

    // Writes that wait behind the leader join its batch, as long as none needs more durability than the leader or touches a key of the group.
    private void TakeFollowers(in WriteOperation leader)
    {
        if (!core.Queue.HasWaiting)
            return;
        _keys.Clear();
        _groupBytes = leader.Key.Length + leader.Value.Length;
        var leaderHash = Hash(leader.Namespace, leader.Key);
        _keys.Add(leaderHash);
        while (_followers.Count < MaxGroupRequests && _groupBytes < MaxGroupBytes
            && core.Queue.TryTake((Writer: this, leader.Sync), static (group, next) => group.Writer.MayJoin(next, group.Sync)) is { } follower)
        {
            _followers.Add(follower);
            _groupBytes += follower.ByteCount;
            var before = core.Batch.Count;
            try
            {
                follower.Outcome = Stage(follower.Operation);
            }
            catch (Exception error) when (core.Batch.Count == before)
            {
                // It has added nothing, so the others are not touched. A write that fails half way takes the whole group with it.
                follower.Error = error;
            }
        }
    }

    private bool MayJoin(CommitRequest next, bool leaderSyncs) =>
        (leaderSyncs || !next.Sync) && _keys.Add(Hash(next.Operation.Namespace, next.Operation.Key));

    private static int Hash(string ns, ReadOnlySpan<byte> key)
    {
        var hash = default(HashCode);
        hash.Add(ns.GetHashCode(StringComparison.Ordinal));
        hash.AddBytes(key);
        return hash.ToHashCode();
    }

    /// <summary>Adds one write to the batch: current record, index entry, and what history asks. For the committing thread.</summary>
    public WriteOutcome Stage(in WriteOperation operation)
    {
        var needsObject = operation.Kind == WriteKind.Delete || !operation.Expected.IsNone;
        // The namespace may have been dropped while the write waited.
        var state = operation.State is { IsDropped: false } known ? known : core.Namespaces.FindOrStaged(operation.Namespace);
        if (state is null)
        {
            if (needsObject)
                return default;
            state = core.Namespaces.GetOrAdd(operation.Namespace, core.Batch);
        }

        var hash = ReferenceEquals(state, operation.State) ? operation.Hash : core.Hash.Of(state.Id, operation.Key);
        if (core.Heads.TryFind(hash, state.Id, operation.Key, out var head, out var headAt) && Suffices(head, state, operation))
            return StageNext(state, hash, headAt, operation, new Predecessor(new CurrentRecord(head.Version, head.Checksum, IsCounted: !head.IsTombstone, head.IsTombstone), head.Version.Replica, Context: null, HistoryStore.Next(state, head.HistorySequence)));
        if (!core.Presence.MayExist(hash))
            return needsObject ? default : StageFirst(state, hash, headAt, operation, context: null);

        using var found = core.Engine.Get(KeySpaces.CurrentKey(_keyBuffer, state.Id, operation.Key));
        if (!found.Found)
            return needsObject ? default : StageFirst(state, hash, headAt, operation, ContextAfterPurge(state));

        var previous = StoreCore.Parse(found.Span, operation.Key);
        var refused = operation.Kind switch
        {
            WriteKind.Delete => previous.IsDeleted(core.Clock),
            WriteKind.PutIfExpected => operation.Expected.IsNone ? !previous.IsDeleted(core.Clock) : previous.Version != operation.Expected,
            _ => false,
        };
        if (refused)
            return new WriteOutcome(Applied: false, previous.ToObjectVersion(core.Clock));
        if (previous.HasLosers)
            core.Conflicts.StageAllCovered(state, operation.Key);
        var sequence = core.History.StagePrevious(state, operation.Key, previous, lostConflict: false);
        return StageNext(state, hash, headAt, operation, new Predecessor(CurrentRecord.Of(previous), previous.Creator, ContextAfter(previous), sequence));
    }

    // A head says enough when the write goes on whatever the record holds; a refusal tells more of the record, and history may want its value.
    private static bool Suffices(in Head head, NamespaceState state, in WriteOperation operation)
    {
        if (HistoryStore.MustCopy(state, head.Version, head.HistorySequence))
            return false;
        return operation.Kind switch
        {
            WriteKind.Delete => !head.IsTombstone,
            WriteKind.PutIfExpected => operation.Expected.IsNone ? head.IsTombstone : head.Version == operation.Expected,
            _ => true,
        };
    }

    private WriteOutcome StageFirst(NamespaceState state, ulong hash, int headAt, in WriteOperation operation, CausalContext? context)
    {
        core.Presence.Add(hash);
        return StageNext(state, hash, headAt, operation, new Predecessor(default, core.Identity.Replica, context, HistorySequence: 0));
    }

    // A write over a purged deletion carries the purge mark (R14): who still holds the deletion then sees no conflict. Whether there was one is not known any
    // more, so every key gets it that the presence filter takes for one that was here before; a new key, which it does not know, is spared the bytes.
    private static CausalContext? ContextAfterPurge(NamespaceState state) => state.PurgeMark == 0 ? null : CausalContext.Empty.WithPurgeMark(state.PurgeMark);

    private WriteOutcome StageNext(NamespaceState state, ulong hash, int headAt, in WriteOperation operation, in Predecessor previous)
    {
        var version = new VersionId(core.Clock.Next(previous.Version.Scalar), core.Identity.Replica);
        var isTombstone = operation.Kind == WriteKind.Delete;
        var expiry = operation.Lifetime == 0 ? 0 : HybridLogicalClock.ExpiryOf(version.Scalar, operation.Lifetime);
        var record = core.Records.Write(operation.Key, operation.Value, operation.ValueChecksum, isTombstone, version, previous.Version, previous.Context, previous.Creator, new LocalPart(previous.HistorySequence), expiry);
        core.Batch.Put(KeySpaces.CurrentKey(_keyBuffer, state.Id, operation.Key), record);
        core.History.Stage(state, operation.Key, previous.HistorySequence, record);
        IndexEntry.Put(core.Batch, state.Id, version, operation.Key, core.IndexScratch);
        var checksum = RecordReader.ReadChecksum(record);
        core.StageReplacement(state, new CurrentRecord(version, checksum, IsCounted: !isTombstone && expiry == 0, isTombstone), previous.Record, isLocal: true);
        if (core.Changes.IsWatched)
            core.Changes.Stage(state, operation.Key, record, isLocal: true);

        // A head does not tell when its version expires.
        if (expiry == 0 && previous.Context is null && (previous.Version.IsNone || previous.Version.Replica == version.Replica))
            core.Heads.Set(headAt, hash, state.Id, operation.Key, new Head(version, previous.HistorySequence, isTombstone, checksum));
        else if (headAt >= 0)
            core.Heads.Remove(hash, state.Id, operation.Key);
        if (expiry != 0)
            core.Expiry.Stage(state.Id, operation.Key, expiry);
        return new WriteOutcome(Applied: true, new ObjectVersion(version, previous.Version, previous.Creator, isTombstone, operation.Value.Length) { ExpiryScalar = expiry });
    }

    // The context of a local write covers the current record, its ancestors, and every loser seen here since (R14); null when the parent says it all.
    private static CausalContext? ContextAfter(scoped in RecordReader previous)
    {
        if (!previous.HasContext && !previous.HasLosers && (previous.Parent.IsNone || previous.Parent.Replica == previous.Version.Replica))
            return null;
        var context = previous.Context.Join(previous.Losers).With(previous.Version);
        return context.Count == 1 ? null : context;
    }

    private static HonuException Shared(Exception error) => new(
        (error as HonuException)?.Code ?? HonuErrorCode.Unknown,
        error.Message,
        (error as HonuException)?.Path,
        error);

    /// <summary>What the record of a write takes over from the one before it.</summary>
    /// <param name="Record">What it is to the books; none for an object's first.</param>
    /// <param name="Creator">Who created the object.</param>
    /// <param name="Context">The ancestors of the new version, when its parent does not say it all.</param>
    /// <param name="HistorySequence">The sequence of the new record.</param>
    private readonly record struct Predecessor(CurrentRecord Record, ReplicaId Creator, CausalContext? Context, ulong HistorySequence)
    {
        /// <summary>Its version; none for an object's first.</summary>
        public VersionId Version => Record.Version;
    }
}

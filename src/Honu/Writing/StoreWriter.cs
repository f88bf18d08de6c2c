using Honu.Format;

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
    public ObjectVersion[] Commit(HonuWriteBatch batch, bool sync)
    {
        var outcomes = new ObjectVersion[batch.Count];
        core.Queue.LeadAlone();
        try
        {
            core.ThrowIfUnusable();
            var i = 0;
            foreach (var operation in batch.Operations)
            {
                var outcome = Stage(operation.ToWriteOperation(sync));
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
            try
            {
                follower.Outcome = Stage(follower.Operation);
            }
            catch (Exception error)
            {
                // Stage throws before it adds anything, so the others are not touched.
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

    /// <summary>Adds one write to the batch: current record, index entry, and what history asks.</summary>
    private WriteOutcome Stage(in WriteOperation operation)
    {
        var state = core.Namespaces.FindOrStaged(operation.Namespace);
        if (state is null)
        {
            if (operation.Kind == WriteKind.Delete || !operation.Expected.IsNone)
                return default;
            state = core.Namespaces.GetOrAdd(operation.Namespace, core.Batch);
        }

        var currentKey = KeySpaces.CurrentKey(_keyBuffer, state.Id, operation.Key);
        using var found = core.Engine.Get(currentKey);
        if (!found.Found)
            return operation.Kind == WriteKind.Delete || !operation.Expected.IsNone ? default : StageFirst(state, currentKey, operation);

        var previous = StoreCore.Parse(found.Span, operation.Key);
        var refused = operation.Kind switch
        {
            WriteKind.Delete => previous.IsTombstone,
            WriteKind.PutIfExpected => operation.Expected.IsNone ? !previous.IsTombstone : previous.Version != operation.Expected,
            _ => false,
        };
        return refused
            ? new WriteOutcome(Applied: false, previous.ToObjectVersion())
            : StageNext(state, currentKey, operation, previous);
    }

    private WriteOutcome StageFirst(NamespaceState state, ReadOnlySpan<byte> currentKey, in WriteOperation operation)
    {
        var version = new VersionId(core.Clock.Next(floor: 0), core.Identity.Replica);
        var record = core.Records.Write(operation.Key, operation.Value, operation.ValueChecksum, isTombstone: false, version, parent: default, context: null, version.Replica, default);
        core.Batch.Put(currentKey, record);
        IndexEntry.Put(core.Batch, state.Id, version, operation.Key, core.IndexScratch);
        core.StageReplacement(state, version, previous: default, isLocal: true);
        return new WriteOutcome(Applied: true, new ObjectVersion(version, default, version.Replica, IsDeleted: false, operation.Value.Length));
    }

    private WriteOutcome StageNext(NamespaceState state, ReadOnlySpan<byte> currentKey, in WriteOperation operation, scoped in RecordReader previous)
    {
        var version = new VersionId(core.Clock.Next(previous.Version.Scalar), core.Identity.Replica);
        var isTombstone = operation.Kind == WriteKind.Delete;
        var sequence = core.History.StagePrevious(state, operation.Key, previous, lostConflict: false);
        var record = core.Records.Write(operation.Key, operation.Value, operation.ValueChecksum, isTombstone, version, previous.Version, ContextAfter(previous), previous.Creator, new LocalPart(sequence));
        core.Batch.Put(currentKey, record);
        core.History.Stage(state, operation.Key, sequence, record);
        IndexEntry.Put(core.Batch, state.Id, version, operation.Key, core.IndexScratch);
        core.StageReplacement(state, version, previous.Version, isLocal: true);
        return new WriteOutcome(Applied: true, new ObjectVersion(version, previous.Version, previous.Creator, isTombstone, operation.Value.Length));
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
}

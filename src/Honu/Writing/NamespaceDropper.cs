using Honu.Engines;
using Honu.Format;

namespace Honu.Writing;

/// <summary>Removes a namespace from this store: first its name and vectors, durably, then its data, some at a step.</summary>
/// <remarks>
/// <para>
/// A mark <c>M d ns</c> takes the place of the name in the same synced batch, so a store that was killed in between goes on at its next
/// opening, and the id is not given out again while there may be data under it.
/// </para>
/// <para>
/// The namespace may come back from peers, or be written again. What this replica wrote into the old one must then not count as covered
/// (R10): a put covers everything of its origin before it. So the store takes a new epoch; the closed one stays in the vectors of the
/// other namespaces, which hold all of it. A stream that had delivered a part of its records before must not join its target
/// afterwards, since that part is gone: such streams are known by their cursors.
/// </para>
/// </remarks>
internal sealed class NamespaceDropper(StoreCore core)
{
    private static readonly byte[] Spaces =
    [
        KeySpaces.Current, KeySpaces.Index, KeySpaces.History, KeySpaces.Vector, KeySpaces.Barrier, KeySpaces.Cursor, KeySpaces.Conflict,
        KeySpaces.Digest, KeySpaces.Frontier, KeySpaces.Staging, KeySpaces.Deferred, KeySpaces.Quarantine,
    ];

    private readonly SortedSet<ushort> _dropping = [];
    private readonly List<(string Namespace, StreamCursor Cursor)> _broken = [];

    /// <summary>Whether data of a dropped namespace may be left.</summary>
    public bool HasWork => _dropping.Count > 0;

    /// <summary>Engine key of the mark: <c>M d id(u16)</c>.</summary>
    public static byte[] MarkKey(ushort id) => [KeySpaces.Meta, (byte)'d', (byte)(id >> 8), (byte)id];

    /// <summary>Reads the marks that a kill has left. Before the store is used.</summary>
    /// <returns>Whether a namespace that was in use until now is among them.</returns>
    public bool Load()
    {
        var removed = false;
        foreach (var id in ReadMarks(core.Engine))
        {
            _dropping.Add(id);

            // A drop that was told to have failed may be on disk all the same: its id must not be written to any more.
            if (core.Namespaces.All.FirstOrDefault(state => state.Id == id) is { } dropped)
            {
                core.Namespaces.Remove(dropped);
                removed = true;
            }
        }

        return removed;
    }

    /// <summary>The ids of namespaces whose data may not be gone yet.</summary>
    public static List<ushort> ReadMarks(IStorageEngine engine)
    {
        var ids = new List<ushort>();
        byte[] prefix = [KeySpaces.Meta, (byte)'d'];
        using var marks = engine.CreateIterator();
        for (marks.Seek(prefix); marks.IsValid && marks.Key.StartsWith(prefix); marks.Next())
        {
            if (marks.Key.Length != 4)
                continue;
            _ = MetaRecords.Open(marks.Key, marks.Value);
            ids.Add((ushort)((marks.Key[2] << 8) | marks.Key[3]));
        }

        marks.ThrowIfFailed();
        return ids;
    }

    /// <summary>Takes name, vectors and cursors away. Called by the committing thread; nothing is read or written there any more when it returns.</summary>
    /// <returns><see langword="false"/> when there is no such namespace.</returns>
    public bool Begin(string name)
    {
        if (core.Namespaces.Find(name) is not { } state)
            return false;

        // What waits to be trimmed may be of this namespace, and would write its vector again.
        core.Trimmer.Trim();
        core.Batch.Delete(MetaRecords.NamespaceKey(state.Id));
        core.Batch.Delete(History.NamespaceRetention.Key(state.Id));
        MetaRecords.Put(core.Batch, MarkKey(state.Id), StoreLimits.StrictUtf8.GetBytes(name));
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        core.Batch.Delete(KeySpaces.Prefix(prefix, KeySpaces.Vector, state.Id));
        core.Batch.Delete(KeySpaces.Prefix(prefix, KeySpaces.Barrier, state.Id));
        _broken.RemoveAll(stream => stream.Namespace == name);
        StageCursors(state);
        core.StageNewEpoch(state);
        core.WriteBatch(sync: true);

        core.PublishNewEpoch();
        core.Namespaces.Remove(state);
        core.Held.Forget(state);
        core.Heads.Clear();
        core.Pruner.Restart();
        core.Changes.Interrupt();
        _dropping.Add(state.Id);
        return true;
    }

    /// <summary>Removes some of the data of a dropped namespace. Called by the committing thread.</summary>
    /// <returns>Whether there is more to remove, of any dropped namespace.</returns>
    public bool Step(int maxEntries)
    {
        if (_dropping.Count == 0)
            return false;
        var id = _dropping.Min;
        var removed = 0;
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        using (var entries = core.Engine.CreateIterator())
        {
            foreach (var space in Spaces)
            {
                KeySpaces.Prefix(prefix, space, id);
                for (entries.Seek(prefix); removed < maxEntries && entries.IsValid && entries.Key.StartsWith(prefix); entries.Next())
                {
                    core.Batch.Delete(entries.Key);
                    removed++;
                }
            }

            entries.ThrowIfFailed();
        }

        core.WriteBatch(sync: false);
        if (removed == maxEntries)
            return true;

        // The removals must be durable before the mark goes: a power loss could bring data back under an id that is another's then.
        core.Engine.Sync();
        core.Batch.Delete(MarkKey(id));
        core.WriteBatch(sync: true);
        _dropping.Remove(id);
        return _dropping.Count > 0;
    }

    /// <summary>Whether a stream that ends now may have begun before its namespace was dropped. Told once: the next stream of that sender is a new one.</summary>
    /// <remarks>A stream that resumes a broken one has a later target, so the targets need not be equal.</remarks>
    public bool TakeBroken(string name, StreamCursor? end) =>
        end is not null && _broken.Count > 0
        && _broken.RemoveAll(stream => stream.Namespace == name && stream.Cursor.Sender == end.Sender && end.Target.Dominates(stream.Cursor.Target)) > 0;

    /// <summary>No stream that had begun before the drop of a namespace goes on: the next one is whole.</summary>
    public void ForgetBroken(string name) => _broken.RemoveAll(stream => stream.Namespace == name);

    private void StageCursors(NamespaceState state)
    {
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.Cursor, state.Id);
        using var cursors = core.Engine.CreateIterator();
        for (cursors.Seek(prefix); cursors.IsValid && cursors.Key.StartsWith(prefix); cursors.Next())
        {
            var sender = KeySpaces.ReadCursorSender(cursors.Key);
            if (StreamCursor.Decode(sender, MetaRecords.Open(cursors.Key, cursors.Value)) is { } cursor)
                _broken.Add((state.Name, cursor));
            core.Batch.Delete(cursors.Key);
        }

        cursors.ThrowIfFailed();
        foreach (var stream in state.FullStreams.Values)
        {
            _broken.Add((state.Name, stream.ToCursor()));
            core.Streams.StageEnd(state, stream);
        }
    }
}

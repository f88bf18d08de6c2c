using Honu.Format;

namespace Honu.Writing;

/// <summary>Removes index entries whose version is no longer current: sorted, <see cref="BatchSize"/> at a time, a third of the cost of removing each in its put.</summary>
/// <remarks>
/// Readers do not depend on it: an entry counts only if the current record has its version. What an unclean stop leaves behind is
/// found by <see cref="IndexScrubber"/>. The removal of the last own entry of a namespace writes the vector in the same batch, because the
/// own mark of a reopened store is the greater of the two.
/// </remarks>
internal sealed class IndexTrimmer(StoreCore core)
{
    public const int BatchSize = 512;

    private readonly List<(NamespaceState State, VersionId Version)> _replaced = new(BatchSize);

    /// <summary>Remembers an entry whose version was just replaced.</summary>
    public void Add(NamespaceState state, VersionId version) => _replaced.Add((state, version));

    /// <summary>Whether enough has come together for a batch.</summary>
    public bool IsDue => _replaced.Count >= BatchSize;

    /// <summary>Whether the background has not come to it for so long that the list should not grow any more.</summary>
    public bool IsOverdue => _replaced.Count >= 8 * BatchSize;

    /// <summary>Removes what was remembered. Called by the committing thread with an empty batch.</summary>
    public void Trim()
    {
        if (_replaced.Count == 0)
            return;
        _replaced.Sort(static (a, b) => (a.State.Id, a.Version.Replica, a.Version.Scalar).CompareTo((b.State.Id, b.Version.Replica, b.Version.Scalar)));
        Span<byte> key = stackalloc byte[KeySpaces.IndexKeyBytes];
        foreach (var (state, version) in _replaced)
        {
            // The dropper removes all of a dropped namespace; its vector must not be written again.
            if (state.IsDropped)
                continue;
            core.Batch.Delete(KeySpaces.IndexKey(key, state.Id, version.Replica, version.Scalar));
            if (version.Replica == core.Identity.Replica && version.Scalar == state.Own(version.Replica).High)
                core.StageVector(state);
        }

        core.WriteBatch(sync: false);
        _replaced.Clear();
    }
}

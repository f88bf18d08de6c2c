namespace Honu.Hosting;

/// <summary>What became of the operations of an import.</summary>
/// <param name="Acknowledged">Operations that are done, from the first, without a gap; the other numbers are part of it.</param>
/// <param name="Unchanged">Puts that made no version because the value was the current one already; only where that was asked for.</param>
/// <param name="Deleted">Deletions that made a tombstone.</param>
/// <param name="NothingToDelete">Deletions of keys that the store does not have, or has deleted already.</param>
public sealed record ImportCounts(long Acknowledged = 0, long Unchanged = 0, long Deleted = 0, long NothingToDelete = 0)
{
    /// <summary>Puts that made a version.</summary>
    public long Put => Acknowledged - Unchanged - Deleted - NothingToDelete;
}

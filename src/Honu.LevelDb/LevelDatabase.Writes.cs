using Honu.LevelDb.Interop;

namespace Honu.LevelDb;

// Writes and durability.
//
// A write without sync survives the end of the process, but not a power failure. After a failed write LevelDB goes on as if nothing had
// happened, and may lose at the next open what it acknowledges from then on (seen with a full disk). So the first failure is remembered, and
// every later write is refused until the database has been opened again, which replays the log and finds out what is really there.
// (A write that another thread had begun before the failure was noticed is not covered: use one writer where that matters.)
public sealed partial class LevelDatabase
{
    private LevelDbException? _writeFailure;

    /// <summary>Sets the value of <paramref name="key"/>.</summary>
    /// <param name="key">The key; may be empty.</param>
    /// <param name="value">The value; may be empty, which is not the same as a missing key.</param>
    /// <param name="sync">Waits until the log is on disk. Slow; see <see cref="SyncLogs"/> for what it does not promise.</param>
    /// <exception cref="LevelDbException">This write or an earlier one failed; after that the database must be opened again to write.</exception>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool sync = false)
    {
        ThrowIfWriteFailed();
        Check(_handle.Put(key, value, sync));
    }

    /// <summary>Removes <paramref name="key"/>; nothing happens if it does not exist.</summary>
    /// <param name="key">The key.</param>
    /// <param name="sync">Waits until the log is on disk. Slow; see <see cref="SyncLogs"/> for what it does not promise.</param>
    /// <exception cref="LevelDbException">This write or an earlier one failed; after that the database must be opened again to write.</exception>
    public void Delete(ReadOnlySpan<byte> key, bool sync = false)
    {
        ThrowIfWriteFailed();
        Check(_handle.Delete(key, sync));
    }

    /// <summary>Applies all operations of <paramref name="batch"/> in their order, atomically: after a crash all of them are there or none.</summary>
    /// <param name="batch">The batch; unchanged, and free to be cleared and used again when this returns.</param>
    /// <param name="sync">Waits until the log is on disk. Slow; see <see cref="SyncLogs"/> for what it does not promise.</param>
    /// <exception cref="LevelDbException">This write or an earlier one failed; after that the database must be opened again to write.</exception>
    public void Write(LevelWriteBatch batch, bool sync = false)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ThrowIfWriteFailed();
        BatchHandle handle = batch.Enter();
        string? error;
        try
        {
            error = _handle.Write(handle, sync);
        }
        finally
        {
            batch.Leave();
        }

        Check(error);
    }

    internal void WriteUnguarded(LevelWriteBatch batch, bool sync)
    {
        ThrowIfWriteFailed();
        Check(_handle.WriteUnguarded(batch.Handle, sync));
    }

    /// <summary>A durable barrier: everything that was written before this call is on disk when it returns.</summary>
    /// <remarks>
    /// More than the last write with <c>sync</c> promises: when the write buffer becomes full LevelDB begins another log without syncing the one
    /// before, so that a later synced write can be on disk while earlier ones are not. This syncs every log file and the directory.
    /// </remarks>
    /// <exception cref="LevelDbException">A sync failed: the database must be opened again to write, since what the disk holds is unknown.</exception>
    public void SyncLogs()
    {
        ThrowIfWriteFailed();
        try
        {
            _handle.SyncLogs();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // After a failed fsync the kernel may have dropped the pages: asking again would succeed and mean nothing.
            Fail(new LevelDbException(
                LevelDbErrorKind.IOError,
                Path,
                $"Syncing the logs of the database '{Path}' failed: {error.Message} Check the disk, then open the database again.",
                error));
        }
    }

    private void ThrowIfWriteFailed()
    {
        if (Volatile.Read(ref _writeFailure) is { } failure)
        {
            throw new LevelDbException(
                failure.Kind,
                Path,
                $"An earlier write to the database '{Path}' failed, and LevelDB may lose what is written after that. Open it again to go on.",
                failure);
        }
    }

    private void Check(string? error)
    {
        if (error is not null)
            Fail(ErrorTranslation.ToException(error, Path, "Writing to the database"));
    }

    private void Fail(LevelDbException failure)
    {
        Interlocked.CompareExchange(ref _writeFailure, failure, null);
        throw failure;
    }
}

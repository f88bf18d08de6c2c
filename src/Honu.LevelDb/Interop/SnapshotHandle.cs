namespace Honu.LevelDb.Interop;

// A snapshot and its read options, made once, so that a read at the snapshot creates nothing.
internal sealed class SnapshotHandle : DatabaseChildHandle
{
    private readonly ReadOptionsSet _readOptions;
    private volatile bool _disposed;

    internal SnapshotHandle(DatabaseHandle database)
        : base(database)
    {
        nint snapshot = NativeMethods.leveldb_create_snapshot(database.DangerousGetHandle());
        _readOptions = new ReadOptionsSet(snapshot);
        Adopt(snapshot);
    }

    /// <summary>True from Dispose on, although reads that have begun keep it natively (SafeHandle itself would let further ones in).</summary>
    internal bool IsDisposed => _disposed;

    internal nint ReadOptions(bool verify, bool fill) => _readOptions.Get(verify, fill);

    // Nothing of a snapshot can be held as a span; reads that are running hold a reference, so the last of them releases it.
    internal override void CloseWithDatabase() => Dispose();

    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        base.Dispose(disposing);
    }

    private protected override void DestroyNative()
    {
        _readOptions.Destroy();
        NativeMethods.leveldb_release_snapshot(Database.DangerousGetHandle(), handle);
    }
}

namespace Honu.LevelDb.Interop;

// A snapshot and its read options, made once, so that a read at the snapshot creates nothing.
internal sealed class SnapshotHandle : DatabaseChildHandle
{
    private readonly ReadOptionsSet _readOptions;

    internal SnapshotHandle(DatabaseHandle database)
        : base(database)
    {
        nint snapshot = NativeMethods.leveldb_create_snapshot(database.DangerousGetHandle());
        _readOptions = new ReadOptionsSet(snapshot);
        Adopt(snapshot);
    }

    internal nint ReadOptions(bool verify, bool fill) => _readOptions.Get(verify, fill);

    // Nothing of a snapshot can be held as a span; reads that are running hold a reference, so the last of them releases it.
    internal override void CloseWithDatabase() => Dispose();

    private protected override void DestroyNative()
    {
        _readOptions.Destroy();
        NativeMethods.leveldb_release_snapshot(Database.DangerousGetHandle(), handle);
    }
}

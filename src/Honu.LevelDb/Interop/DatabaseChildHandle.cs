using System.Runtime.InteropServices;

namespace Honu.LevelDb.Interop;

// An iterator or a snapshot: native objects that must be gone before leveldb_close runs, or the process aborts.
//
// The rule that makes this impossible to break: every child holds one counted reference on the DatabaseHandle from before its native object
// exists until after it is destroyed. SafeHandle runs leveldb_close only when the count is zero, in whatever order users dispose or the
// finalizer thread collects.
internal abstract class DatabaseChildHandle : SafeHandle
{
    private protected DatabaseChildHandle(DatabaseHandle database)
        : base(0, ownsHandle: true)
    {
        Database = database;
        bool added = false;
        database.DangerousAddRef(ref added);
    }

    public override bool IsInvalid => handle == 0;

    internal DatabaseHandle Database { get; }

    /// <summary>Called by the thread that disposes the database.</summary>
    internal abstract void CloseWithDatabase();

    /// <summary>Gives this object its native counterpart and lets the database know it. Destroys it again when the database closes meanwhile.</summary>
    private protected void Adopt(nint native)
    {
        SetHandle(native);
        if (Database.TryTrack(this))
            return;
        Dispose();
        throw DatabaseHandle.Closed();
    }

    private protected abstract void DestroyNative();

    protected sealed override bool ReleaseHandle()
    {
        DestroyNative();
        Database.Untrack(this);
        Database.DangerousRelease();
        return true;
    }
}

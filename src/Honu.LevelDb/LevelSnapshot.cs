using Honu.LevelDb.Interop;

namespace Honu.LevelDb;

/// <summary>A state of a database that stays readable: pass it in <see cref="LevelReadOptions.Snapshot"/>.</summary>
/// <remarks>Safe to use from any thread. Closed with its database; disposing it afterwards, or twice, is harmless.</remarks>
public sealed class LevelSnapshot : IDisposable
{
    internal LevelSnapshot(SnapshotHandle handle)
    {
        Handle = handle;
    }

#pragma warning disable MA0055 // a SafeHandle alone does not do: its database keeps track of it, so it would be collected only with the database
    /// <summary>Releases the state when nobody disposed it.</summary>
    ~LevelSnapshot()
    {
        Handle.Dispose();
    }
#pragma warning restore MA0055

    internal SnapshotHandle Handle { get; }

    /// <summary>Lets go of the state. Reads that have begun end normally; later ones throw <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        Handle.Dispose();
        GC.SuppressFinalize(this);
    }
}

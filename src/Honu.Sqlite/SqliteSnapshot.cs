using Honu.Engines;

namespace Honu.Sqlite;

internal sealed class SqliteSnapshot(SqliteView view) : EngineSnapshot
{
    private int _disposed;

    /// <summary>The view; a disposed snapshot has none, although iterators may still hold it.</summary>
    public SqliteView View
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, typeof(EngineSnapshot));
            return view;
        }
    }

    public bool IsOf(SqliteEngine engine) => view.Engine == engine;

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            view.Release();
    }
}

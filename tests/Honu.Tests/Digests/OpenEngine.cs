using Honu.Engines;

namespace Honu.Tests.Digests;

/// <summary>An engine that the test can reach behind the back of its open store, to lose records as a disk does.</summary>
internal sealed class OpenEngine(IStorageEngineFactory inner) : IStorageEngineFactory
{
    private IStorageEngine? _engine;

    public bool UsesDirectory => inner.UsesDirectory;

    public long Stamp(string path) => inner.Stamp(path);

    public IStorageEngine Open(string path, HonuStoreOptions options) => _engine = inner.Open(path, options);

    /// <summary>Works on the entries while nobody else writes.</summary>
    public void Edit(Action<IStorageEngine, EngineBatch> edit)
    {
        Assert.NotNull(_engine);
        using var batch = _engine.CreateBatch();
        edit(_engine, batch);
        _engine.Write(batch, sync: false);
    }
}

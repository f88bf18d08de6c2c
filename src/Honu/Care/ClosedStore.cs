using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Care;

/// <summary>The engine of a store that nobody has open, with its lock, for those who look at its entries and not at its objects.</summary>
internal sealed class ClosedStore : IDisposable
{
    private ClosedStore(IStorageEngine engine, IStorageEngineFactory factory, HonuStoreOptions options)
    {
        Engine = engine;
        Factory = factory;
        Options = options;
    }

    public IStorageEngine Engine { get; }

    public IStorageEngineFactory Factory { get; }

    public HonuStoreOptions Options { get; }

    /// <summary>Opens the engine of an existing store whose data have the present format.</summary>
    public static ClosedStore Open(string path, HonuStoreOptions options)
    {
        HonuStoreOptionsValidator.ThrowIfInvalid(options);

        // Whoever looks at every entry wants to know of every damage.
        options = options with { ReadOnly = true, Integrity = Integrity.Full };
        var factory = FactoryOf(options);
        if (factory.UsesDirectory)
            StoreDirectory.Prepare(path, createIfMissing: false, options.Formats);
        var engine = factory.Open(path, options);
        try
        {
            StoreOpener.CheckReadable(path, StoreOpener.ReadFormat(path, engine, options.Formats), options.Formats);
            return new ClosedStore(engine, factory, options);
        }
        catch
        {
            // Whatever went wrong, the lock must not stay behind.
            engine.Dispose();
            throw;
        }
    }

    public static IStorageEngineFactory FactoryOf(HonuStoreOptions options) => options.Engine ?? LevelDbEngine.Factory;

    public void Dispose() => Engine.Dispose();
}

using Honu.TestKit;

namespace Honu.Tests.Store;

/// <summary>A store of one test on the engine that the test asks for, with a clock that stands still.</summary>
internal sealed class OpenStore : IDisposable
{
    private readonly TestDirectory? _directory;
    private readonly HonuStoreOptions _options;

    public OpenStore(bool inMemory = true, HonuStoreOptions? options = null)
    {
        _options = (options ?? new HonuStoreOptions()) with { Environment = StoreEnvironment.Machine with { Time = Time } };
        _directory = inMemory ? null : new TestDirectory();
        Store = Open();
    }

    public ManualTimeProvider Time { get; } = new();

    public HonuStore Store { get; private set; }

    /// <summary>Closes the store and opens it again; only with a directory.</summary>
    public HonuStore Reopen()
    {
        Assert.NotNull(_directory);
        Store.Dispose();
        return Store = Open();
    }

    public static List<string> Keys(HonuStore store, ScanOptions? options = null)
    {
        var keys = new List<string>();
        foreach (var entry in store.Scan(options))
            keys.Add(System.Text.Encoding.UTF8.GetString(entry.Key));
        return keys;
    }

    public void Dispose()
    {
        // A test that wedged the store must fail, not hang the run.
        Guard.Run(Store.Dispose);
        _directory?.Dispose();
    }

    private HonuStore Open() => _directory is null ? HonuStore.OpenInMemory(_options) : HonuStore.Open(_directory.Combine("store"), _options);
}

using Honu.Engines;

namespace Honu.Tests.Properties;

public sealed class LevelDbStorePropertyTests : StorePropertyTests
{
    protected override IStorageEngineFactory Engine => LevelDbEngine.Factory;
}

public sealed class MemoryStorePropertyTests : StorePropertyTests
{
    protected override IStorageEngineFactory Engine => MemoryEngine.Factory;
}

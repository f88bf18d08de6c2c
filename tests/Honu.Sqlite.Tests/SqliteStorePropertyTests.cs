using Honu.Engines;
using Honu.Tests.Properties;

namespace Honu.Sqlite.Tests;

public sealed class SqliteStorePropertyTests : StorePropertyTests
{
    protected override IStorageEngineFactory Engine { get; } = new SqliteEngineFactory();
}

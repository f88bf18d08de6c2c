using Honu.Engines;
using Honu.TestKit.Engines;

namespace Honu.Sqlite.Tests;

public sealed class SqliteConformanceTests : EngineConformance
{
    protected override IStorageEngineFactory Factory { get; } = new SqliteEngineFactory();
}

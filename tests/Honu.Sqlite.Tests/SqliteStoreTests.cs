using Honu.TestKit;

namespace Honu.Sqlite.Tests;

/// <summary>A whole store on SQLite, as an application opens it.</summary>
public sealed class SqliteStoreTests : IDisposable
{
    private static readonly HonuStoreOptions OnSqlite = new() { Engine = new SqliteEngineFactory() };
    private readonly TestDirectory _directory = new();

    private string Path => _directory.Combine("store");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Store_WrittenReadScannedAndReopened_ShowsEverything()
    {
        using (var store = HonuStore.Open(Path, OnSqlite))
        {
            store.Put("order/1"u8, "paid"u8);
            store.Put("order/1"u8, "sent"u8);
            store.Namespace("people").Put("anna"u8, "1"u8);
            store.Delete("never"u8);
        }

        using var reopened = HonuStore.Open(Path, OnSqlite with { CreateIfMissing = false });

        Assert.Equal("sent"u8.ToArray(), reopened.Get("order/1"u8));
        Assert.Equal(2, reopened.History("order/1"u8).Count);
        Assert.Equal(["default", "people"], reopened.Namespaces);
        Assert.True(reopened.GetStatistics().DiskBytes > 0);
        Assert.Throws<HonuStoreLockedException>(() => HonuStore.Open(Path, OnSqlite));
    }

    [Fact]
    public void Open_StoreOfTheOtherEngine_IsRefusedBothWays()
    {
        HonuStore.Open(Path).Dispose();
        HonuStore.Open(_directory.Combine("sqlite"), OnSqlite).Dispose();

        var sqliteOnLevelDb = Assert.Throws<HonuFormatException>(() => HonuStore.Open(Path, OnSqlite));
        var levelDbOnSqlite = Assert.Throws<HonuFormatException>(() => HonuStore.Open(_directory.Combine("sqlite")));

        Assert.Equal(HonuErrorCode.NotAStore, sqliteOnLevelDb.Code);
        Assert.Equal(HonuErrorCode.NotAStore, levelDbOnSqlite.Code);
        HonuStore.Open(Path).Dispose();
        HonuStore.Open(_directory.Combine("sqlite"), OnSqlite).Dispose();
    }

    [Fact]
    public void Open_CopiedDirectory_TakesANewEpoch()
    {
        StoreIdentity identity;
        using (var store = HonuStore.Open(Path, OnSqlite))
        {
            store.Put("key"u8, "1"u8);
            identity = store.Identity;
        }

        Directory.CreateDirectory(_directory.Combine("copy"));
        foreach (var file in Directory.EnumerateFiles(Path))
            File.WriteAllBytes(_directory.Combine("copy", System.IO.Path.GetFileName(file)), File.ReadAllBytes(file));

        using var copy = HonuStore.Open(_directory.Combine("copy"), OnSqlite);

        Assert.Equal(identity.StoreId, copy.Identity.StoreId);
        Assert.NotEqual(identity.Replica.Epoch, copy.Identity.Replica.Epoch);
    }

    [Fact]
    public void Write_AfterAFailedOne_GoesOnAndWhatFailedIsNotThere()
    {
        using (var store = HonuStore.Open(Path, OnSqlite))
        {
            store.Put("kept"u8, "1"u8);
            using var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={System.IO.Path.Combine(Path, "honu.sqlite")};Pooling=False");
            other.Open();
            using var begin = other.CreateCommand();
            begin.CommandText = "BEGIN IMMEDIATE";
            begin.ExecuteNonQuery();
            Assert.Throws<HonuStoreLockedException>(() => store.Put("lost"u8, "1"u8));
            other.Close();

            // A transaction that failed has left nothing behind: there is nothing to open again.
            store.Put("more"u8, "1"u8);
            Assert.Equal("1"u8.ToArray(), store.Get("kept"u8));
            Assert.Null(store.Get("lost"u8));
        }

        using var reopened = HonuStore.Open(Path, OnSqlite);
        Assert.Equal("1"u8.ToArray(), reopened.Get("more"u8));
        Assert.Null(reopened.Get("lost"u8));
        Assert.Equal("1"u8.ToArray(), reopened.Get("kept"u8));
    }
}

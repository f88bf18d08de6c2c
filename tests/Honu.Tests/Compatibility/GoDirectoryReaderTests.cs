using System.Formats.Tar;
using System.IO.Compression;
using Honu.Compatibility;
using Honu.LevelDb;
using Honu.TestKit;

namespace Honu.Tests.Compatibility;

public sealed class GoDirectoryReaderTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Read_DatabaseWrittenByGo_GivesEveryObjectWithItsOwnNamespaceAndKey()
    {
        using (var packed = new GZipStream(File.OpenRead(GoFixtures.PathOf("honudb.tar.gz")), CompressionMode.Decompress))
            TarFile.ExtractToDirectory(packed, _directory.Path, overwriteFiles: false);
        var answers = GoFixtures.Load("leveldb_dump.json").GetProperty("gets").EnumerateArray().ToList();
        using var database = LevelDatabase.Open(_directory.Combine("honudb"), new LevelDatabaseOptions { CreateIfMissing = false });

        var rows = GoDirectoryReader.Read(database).ToList();

        Assert.Equal(147, rows.Count);
        Assert.Equal(18, rows.Count(row => row.Object!.Version!.Tombstone));
        Assert.All(rows, row => Assert.Null(row.Problem));
        var objects = rows.ToDictionary(row => (row.Object!.Namespace, Convert.ToBase64String(row.Object.Key.Span)), row => row.Object!);
        var compared = 0;
        foreach (var answer in answers.Where(answer => GoFixtures.Text(answer, "getError") is null))
        {
            var expected = answer.GetProperty("object");
            GoFixtures.AssertSame(expected, objects[(GoFixtures.Text(expected, "namespace")!, GoFixtures.Text(expected, "key")!)], GoFixtures.Text(answer, "key")!);
            compared++;
        }

        Assert.Equal(131, compared);
        // Written as ("people", "x::1") and again as ("people::x", "1"): Go has one record of them, and the record says whose it is.
        Assert.Contains(rows, row => row.DatabaseKey.Span.SequenceEqual("people::x::1"u8) && row.Object!.Namespace == "people");
    }

    [Fact]
    public void Read_RowsThatAreNoObjects_TellsWhyAndGoesOn()
    {
        using var database = LevelDatabase.Open(_directory.Combine("db"));
        var good = new GoObject { Namespace = "n", Key = "z"u8.ToArray(), Data = "v"u8.ToArray() };
        database.Put("n::z"u8, good.ToArray());
        database.Put("n::a"u8, good.ToArray());
        database.Put("n::b"u8, [0xFF, 0xFF]);
        database.Put("n::c"u8, []);

        var rows = GoDirectoryReader.Read(database).ToList();

        Assert.Equal(["n::a", "n::b", "n::c", "n::z"], rows.Select(row => System.Text.Encoding.ASCII.GetString(row.DatabaseKey.Span)));
        Assert.Equal([false, false, false, true], rows.Select(row => row.Object is not null));
        Assert.Equal([true, true, true, false], rows.Select(row => row.Problem is not null));
        Assert.Contains("another database key", rows[0].Problem, StringComparison.Ordinal);
        Assert.Contains("another database key", rows[2].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_StoppedEarly_LetsTheDatabaseClose()
    {
        var path = _directory.Combine("db");
        using (var database = LevelDatabase.Open(path))
        {
            database.Put("a"u8, []);
            database.Put("b"u8, []);

            Assert.Equal(1, GoDirectoryReader.Read(database).First().DatabaseKey.Length);
        }

        using var again = LevelDatabase.Open(path);
        Assert.Equal(2, GoDirectoryReader.Read(again).Count());
    }
}

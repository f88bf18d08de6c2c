using System.Formats.Tar;
using System.IO.Compression;
using Honu.Compatibility;
using Honu.LevelDb;
using Honu.TestKit;

namespace Honu.Tests.Compatibility;

/// <summary>Goal: a directory that the Go library wrote (with another LevelDB implementation) can be read here. Method: open the packed one and compare it with its dump.</summary>
public class GoDatabaseTests
{
    [Fact]
    public void Open_DatabaseWrittenByGo_GivesEveryRecordOfItsDump()
    {
        using var directory = new TestDirectory();
        using (var packed = new GZipStream(File.OpenRead(GoFixtures.PathOf("honudb.tar.gz")), CompressionMode.Decompress))
            TarFile.ExtractToDirectory(packed, directory.Path, overwriteFiles: false);
        var expected = GoFixtures.Load("leveldb_dump.json").GetProperty("raw").EnumerateArray()
            .Select(row => (Key: row.GetProperty("key").GetBytesFromBase64(), Value: GoFixtures.Hex(row, "valueHex"))).ToList();

        using var database = LevelDatabase.Open(directory.Combine("honudb"), new LevelDatabaseOptions { CreateIfMissing = false });
        using var iterator = database.CreateIterator();
        var found = new List<(byte[] Key, byte[] Value)>();
        for (iterator.SeekToFirst(); iterator.IsValid; iterator.Next())
            found.Add((iterator.Key.ToArray(), iterator.Value.ToArray()));

        Assert.Equal(147, found.Count);
        Assert.Equal(expected.Select(row => row.Key), found.Select(row => row.Key));
        Assert.Equal(expected.Select(row => row.Value), found.Select(row => row.Value));
        Assert.All(found, row => Assert.Equal(row.Key, GoObject.Parse(row.Value).GetStorageKey()));
    }
}

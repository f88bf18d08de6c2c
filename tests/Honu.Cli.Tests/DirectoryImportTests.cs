using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Honu.Compatibility;
using Honu.LevelDb;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>
/// import --from: what a database of Go Honu or any LevelDB holds is in the store afterwards, and the database is as it was.
/// The golden directory was written by the Go library; leveldb_dump.json has what that library answered about it.
/// </summary>
public sealed class DirectoryImportTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Import_OfADirectoryOfGo_StoresWhatGoAnswersAndLeavesTheDirectoryAlone(bool remote)
    {
        Unpack();
        var before = TestDirectory.Fingerprint(Source);
        using var server = remote ? await HonuServer.Start(Db) : null;
        string[] store = remote ? ["--remote", server!.Address] : ["--db", Db];

        var import = await HonuProcess.Run(["import", "--from", "go-honu", Source, "--skip-invalid", .. store]);
        var export = await HonuProcess.Run(["export", .. store]);
        var again = await HonuProcess.Run(["import", "--from", "go-honu", Source, "--skip-invalid", "--json", .. store]);
        var exportAgain = await HonuProcess.Run(["export", .. store]);

        Assert.Equal((0, "imported 128 objects, 0 unchanged, 18 tombstones left out, 1 skipped\n"), (import.ExitCode, import.Text));
        ObjectCommandTests.OneLine(import);
        Assert.Contains("skipped: Database key 64656661756c743a3a (hex): a key has 1 to 4096 bytes", import.Error, StringComparison.Ordinal);
        Assert.Equal(GoAnswers(), export.Lines.ToDictionary(Name, Value));
        Assert.Equal((128, 0, 128), (GoAnswers().Count, Count(again, "imported"), Count(again, "unchanged")));
        Assert.Equal((18, 1, 0), (Count(again, "tombstones"), Count(again, "skipped"), Count(again, "deleted")));
        // Versions too: nothing was written twice.
        Assert.Equal(export.Text, exportAgain.Text);
        Assert.Equal(before, TestDirectory.Fingerprint(Source));
    }

    /// <summary>Go wrote ("people", "x::1"), then ("people::x", "1") into the same record, which kept the first names.</summary>
    [Fact]
    public async Task Import_OfTwoNamespacesThatShareARecord_TakesTheNamesInTheRecord()
    {
        Unpack();
        await HonuProcess.Run("import", "--from", "go-honu", Source, "--skip-invalid", "--db", Db);

        var mine = await HonuProcess.Run("get", "x::1", "--namespace", "people", "--db", Db);
        var other = await HonuProcess.Run("get", "1", "--namespace", "people::x", "--db", Db);

        Assert.Equal((0, "via people::x\n"), (mine.ExitCode, mine.Text));
        Assert.Equal(3, other.ExitCode);
    }

    [Fact]
    public async Task Import_OfTombstones_DeletesOnlyWhenAskedAndOnlyWhatIsThere()
    {
        using (var database = LevelDatabase.Open(Source))
        {
            Put(database, "n", "deleted", "", tombstone: true);
            Put(database, "n", "live", "value");
            Put(database, "n", "never", "", tombstone: true);
        }

        await HonuProcess.Run("put", "deleted", "old", "--namespace", "n", "--db", Db);

        var without = await ImportGo();
        var kept = await HonuProcess.Run("get", "deleted", "--namespace", "n", "--db", Db);
        var with = await ImportGo("--tombstones");
        var gone = await HonuProcess.Run("get", "deleted", "--namespace", "n", "--db", Db);
        var never = await HonuProcess.Run("history", "never", "--namespace", "n", "--db", Db);
        var again = await ImportGo("--tombstones");

        Assert.Equal("imported 1 objects, 0 unchanged, 2 tombstones left out\n", without.Text);
        Assert.Equal("old\n", kept.Text);
        Assert.Equal("imported 0 objects, 1 unchanged, 1 deleted, 1 tombstones with nothing to delete\n", with.Text);
        Assert.Equal((3, 3), (gone.ExitCode, never.ExitCode));
        Assert.Equal("imported 0 objects, 1 unchanged, 0 deleted, 2 tombstones with nothing to delete\n", again.Text);
    }

    [Fact]
    public async Task Import_OfAnObjectThatNoStoreCanHold_StopsThereAndNamesIt()
    {
        using (var database = LevelDatabase.Open(Source))
        {
            Put(database, "n", "a", "1");
            Put(database, "n", "b", "2");
            database.Put("n::c"u8, "not an object"u8);
            Put(database, "n", "d", "4");
        }

        var stopped = await ImportGo("--json");
        var stored = await HonuProcess.Run("scan", "--namespace", "n", "--db", Db);
        var skipped = await ImportGo("--skip-invalid");
        var storedThen = await HonuProcess.Run("scan", "--namespace", "n", "--db", Db);

        Assert.Equal((2, 2, "6e3a3a63"), (stopped.ExitCode, Count(stopped, "imported"), Property(stopped.Text, "databaseKey").GetString()));
        ObjectCommandTests.OneLine(stopped);
        Assert.Contains("Database key 6e3a3a63 (hex): not an object of Go Honu", stopped.Error, StringComparison.Ordinal);
        Assert.Contains("2 objects were imported", stopped.Error, StringComparison.Ordinal);
        Assert.Equal(["a\t1", "b\t2"], stored.Lines);
        Assert.Equal((0, "imported 1 objects, 2 unchanged, 0 tombstones left out, 1 skipped\n"), (skipped.ExitCode, skipped.Text));
        Assert.Equal(["a\t1", "b\t2", "d\t4"], storedThen.Lines);
    }

    [Fact]
    public async Task Import_OfEveryKindOfInvalidObject_ListsEachWithItsReason()
    {
        using (var database = LevelDatabase.Open(Source))
        {
            Put(database, "", "no namespace", "v");
            Put(database, "n", "", "v");
            Put(database, "n", new string('k', 4097), "v");
            Put(database, new string('n', 256), "k", "v");
            Put(database, "o", "large", new string('v', (16 * 1024 * 1024) + 1));
            Put(database, "p", "ok", "v");
            database.Put("q::empty"u8, []);
            database.Put("r::moved"u8, database.GetArray("p::ok"u8));
        }

        var result = await ImportGo("--skip-invalid");
        var named = await ImportGo("--skip-invalid", "--namespace", "none");

        Assert.Equal((0, "imported 1 objects, 0 unchanged, 0 tombstones left out, 7 skipped\n"), (result.ExitCode, result.Text));
        string[] reasons = ["a key has 1 to 4096 bytes, this one has 0", "(4100 bytes) (hex): a key has 1 to 4096 bytes, this one has 4097", "255 bytes of UTF-8, this one has 256",
            "no namespace", "a value has at most 16777216 bytes", "another database key", "another database key"];
        var lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(7, lines.Length);
        Assert.All(reasons, reason => Assert.Contains(lines, line => line.Contains(reason, StringComparison.Ordinal)));
        Assert.StartsWith("imported 1 objects, 1 unchanged", named.Text, StringComparison.Ordinal);
        Assert.Equal("v\n", (await HonuProcess.Run("get", "no namespace", "--namespace", "none", "--db", Db)).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Import_OfAnyLevelDb_PutsEveryKeyIntoOneNamespace(bool remote)
    {
        var values = Enumerable.Range(0, 3000).ToDictionary(static i => $"k{i:d5}", static i => new string((char)('a' + (i % 26)), i % 1500));
        using (var database = LevelDatabase.Open(Source))
        {
            foreach (var (key, value) in values)
                database.Put(Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(value));
            database.Put([0, 0xFF], [0xFF, 0]);
            database.Put("deleted"u8, "x"u8);
            database.Delete("deleted"u8);
        }

        var before = TestDirectory.Fingerprint(Source);
        using var server = remote ? await HonuServer.Start(Db) : null;
        string[] store = remote ? ["--remote", server!.Address] : ["--db", Db];
        await HonuProcess.Run(["put", "k00001", "mine", "--namespace", "raw", .. store]);

        var import = await HonuProcess.Run(["import", "--from", "leveldb", Source, "--namespace", "raw", .. store]);
        var export = await HonuProcess.Run(["export", .. store]);
        var bytes = await HonuProcess.Run(["get", "AP8=", "--base64", "--namespace", "raw", .. store]);
        var again = await HonuProcess.Run(["import", "--from", "leveldb", Source, "--namespace", "raw", .. store]);

        Assert.Equal((0, "imported 3001 objects, 0 unchanged\n", ""), (import.ExitCode, import.Text, import.Error));
        Assert.Equal("/wA=\n", bytes.Text);
        var found = export.Lines.Where(static line => !line.Contains("Base64", StringComparison.Ordinal)).ToDictionary(Name, Value);
        Assert.Equal(values.ToDictionary(static item => $"raw/{Base64(item.Key)}", static item => Base64(item.Value)), found);
        Assert.Equal("imported 0 objects, 3001 unchanged\n", again.Text);
        Assert.Equal(before, TestDirectory.Fingerprint(Source));
    }

    [Fact]
    public async Task Import_OfADamagedTable_ExitsWith5AndCountsWhatWasBefore()
    {
        var random = new Random(17);
        using (var database = LevelDatabase.Open(Source))
        {
            var value = new byte[2048];
            for (var i = 0; i < 3000; i++)
            {
                random.NextBytes(value);
                database.Put(Encoding.ASCII.GetBytes($"k{i:d5}"), value);
            }

            database.CompactAll();
        }

        var last = Directory.GetFiles(Source, "*.ldb").Order(StringComparer.Ordinal).Last();
        await Flip(last, new FileInfo(last).Length / 2);

        var result = await HonuProcess.Run("import", "--from", "leveldb", Source, "--db", Db, "--json");

        Assert.Equal(5, result.ExitCode);
        ObjectCommandTests.OneLine(result);
        Assert.Contains("Corruption", result.Error, StringComparison.Ordinal);
        Assert.Contains(Source, result.Error, StringComparison.Ordinal);
        var imported = Count(result, "imported");
        Assert.InRange(imported, 1024, 2999);
        Assert.Equal(imported, (await HonuProcess.Run("scan", "--keys-only", "--db", Db)).Lines.Length);
    }

    [Fact]
    public async Task Import_OfWhatIsNoDatabase_SaysSoAndCreatesNoStore()
    {
        var empty = Directory.CreateDirectory(_directory.Combine("empty")).FullName;
        var file = _directory.Combine("file");
        await File.WriteAllTextAsync(file, "x");
        var honu = _directory.Combine("honu");
        await HonuProcess.Run("put", "k", "v", "--db", honu);
        (string Path, int ExitCode, string Reason)[] cases =
        [
            (_directory.Combine("missing"), 2, "no directory"), (file, 2, "is a file"), (honu, 2, "Honu store itself"), (empty, 5, "no LevelDB database"),
        ];

        foreach (var (path, exitCode, reason) in cases)
        {
            foreach (var form in new[] { "go-honu", "leveldb" })
            {
                var result = await HonuProcess.Run("import", "--from", form, path, "--db", Db);

                Assert.Equal((path, exitCode, ""), (path, result.ExitCode, result.Text));
                ObjectCommandTests.OneLine(result);
                Assert.Contains(reason, result.Error, StringComparison.Ordinal);
                Assert.False(Directory.Exists(Db), path);
            }
        }
    }

    [Fact]
    public async Task Import_OfACorruptDatabase_ExitsWith5NamesItAndLeavesNoCopy()
    {
        Unpack();
        var temporary = Directory.CreateDirectory(_directory.Combine("temporary")).FullName;
        var command = $"TMPDIR='{temporary}' \"$HONU\" import --from go-honu '{Source}' --db '{Db}' --skip-invalid";
        var good = await HonuProcess.RunShell(command);
        var copiesAfterGood = Directory.GetFileSystemEntries(temporary);
        await Flip(Directory.GetFiles(Source, "MANIFEST-*").Single(), 20);

        var bad = await HonuProcess.RunShell(command);

        Assert.Equal((0, 5), (good.ExitCode, bad.ExitCode));
        ObjectCommandTests.OneLine(bad);
        Assert.Contains(Source, bad.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("honu-import-", bad.Error, StringComparison.Ordinal);
        Assert.Empty(copiesAfterGood);
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
    }

    [Fact]
    public async Task Import_WithoutRoomForTheCopy_SaysWhatToSetAndStoresNothing()
    {
        Unpack();

        var result = await HonuProcess.RunShell($"TMPDIR='{_directory.Combine("missing")}' \"$HONU\" import --from go-honu '{Source}' --db '{Db}'");

        Assert.Equal((1, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
        Assert.Contains("TMPDIR", result.Error, StringComparison.Ordinal);
    }

    /// <summary>This process is the other program: it holds the database as the original LevelDB does (fcntl), then as Go's does (flock).</summary>
    [Fact]
    public async Task Import_OfADatabaseThatIsOpenElsewhere_ExitsWith4()
    {
        HonuResult original, go;
        using (var database = LevelDatabase.Open(Source))
        {
            database.Put("k"u8, "v"u8);
            original = await HonuProcess.Run("import", "--from", "leveldb", Source, "--db", Db);
        }

        using (new FileStream(Path.Combine(Source, "LOCK"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            go = await HonuProcess.Run("import", "--from", "leveldb", Source, "--db", Db);
        var closed = await HonuProcess.Run("import", "--from", "leveldb", Source, "--db", Db);

        Assert.Equal((4, 4, 0), (original.ExitCode, go.ExitCode, closed.ExitCode));
        ObjectCommandTests.OneLine(original);
        ObjectCommandTests.OneLine(go);
        Assert.Equal("imported 1 objects, 0 unchanged\n", closed.Text);
    }

    [Theory]
    [InlineData("--from", "go-honu", "--format", "tsv")]
    [InlineData("--from", "leveldb", "--base64")]
    [InlineData("--from", "leveldb", "--tombstones")]
    [InlineData("--from", "rocksdb")]
    [InlineData("--skip-invalid")]
    [InlineData("--tombstones")]
    public async Task Import_WithOptionsThatDoNotGoTogether_ExitsWith2(params string[] options)
    {
        Unpack();

        var result = await HonuProcess.Run(["import", Source, "--db", Db, .. options]);

        Assert.Equal((2, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
        Assert.False(Directory.Exists(Db));
    }

    private static void Put(LevelDatabase database, string ns, string key, string value, bool tombstone = false)
    {
        var item = new GoObject
        {
            Namespace = ns,
            Key = Encoding.UTF8.GetBytes(key),
            Data = Encoding.UTF8.GetBytes(value),
            Version = new GoVersion { Pid = 8, Version = tombstone ? 2UL : 1UL, Tombstone = tombstone },
        };
        database.Put(item.GetStorageKey(), item.ToArray());
    }

    private static async Task Flip(string path, long position)
    {
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[position] ^= 0x10;
        await File.WriteAllBytesAsync(path, bytes);
    }

    /// <summary>What Go's Get gave for each live object, under the names in the object; the empty key, which no store takes, is left out.</summary>
    private static Dictionary<string, string> GoAnswers()
    {
        using var dump = JsonDocument.Parse(File.ReadAllBytes(FixturePath("leveldb_dump.json")));
        var answers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var get in dump.RootElement.GetProperty("gets").EnumerateArray())
        {
            var found = get.GetProperty("object");
            if (get.GetProperty("getError").ValueKind == JsonValueKind.Null && found.GetProperty("key").GetString()!.Length > 0)
                answers[$"{found.GetProperty("namespace").GetString()}/{found.GetProperty("key").GetString()}"] = get.GetProperty("get").GetString()!;
        }

        return answers;
    }

    private static string FixturePath(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "go-honu", name);

    private static string Name(string line) => $"{Property(line, "namespace").GetString()}/{Bytes(line, "key")}";

    private static string Value(string line) => Bytes(line, "value");

    private static string Bytes(string line, string name)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.TryGetProperty(name, out var text) ? Base64(text.GetString()!) : json.RootElement.GetProperty($"{name}Base64").GetString()!;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static int Count(HonuResult result, string name) => Property(result.Text, name).GetInt32();

    private static JsonElement Property(string line, string name)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.GetProperty(name).Clone();
    }

    private void Unpack()
    {
        using var packed = new GZipStream(File.OpenRead(FixturePath("honudb.tar.gz")), CompressionMode.Decompress);
        TarFile.ExtractToDirectory(packed, _directory.Path, overwriteFiles: false);
    }

    private Task<HonuResult> ImportGo(params string[] options) => HonuProcess.Run(["import", "--from", "go-honu", Source, "--db", Db, .. options]);

    private string Source => _directory.Combine("honudb");

    private string Db => _directory.Combine("db");
}

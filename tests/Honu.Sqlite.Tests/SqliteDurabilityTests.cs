using System.Globalization;
using System.Text;
using Honu.TestKit;

namespace Honu.Sqlite.Tests;

/// <summary>What is on the disk when: flushes, a killed process, a torn log, a full disk.</summary>
public sealed class SqliteDurabilityTests : IDisposable
{
    private const int Normal = 1;
    private const int Full = 2;

    private readonly TestDirectory _directory = new();
    private readonly SqliteEngine _engine;

    public SqliteDurabilityTests() => _engine = Open(_directory.Path);

    public void Dispose()
    {
        Guard.Run(_engine.Dispose);
        _directory.Dispose();
    }

    /// <summary>Whether SQLite flushes a commit can be asked only of the setting that it was made under.</summary>
    [Fact]
    public void Write_SyncedAndNot_CommitsUnderTheSettingThatFlushesOrNot()
    {
        Put("a", "1", sync: true);
        Assert.Equal(Full, Setting("PRAGMA synchronous"));
        Put("a", "2", sync: false);
        Assert.Equal(Normal, Setting("PRAGMA synchronous"));
        Put("a", "3", sync: true);
        Assert.Equal(Full, Setting("PRAGMA synchronous"));
    }

    [Fact]
    public void Sync_AfterAnUnsyncedWrite_MakesAFlushedCommitAndOnlyThen()
    {
        _engine.Sync(); // what a killed process may have left
        var version = Setting("PRAGMA user_version");
        _engine.Sync();
        Put("a", "1", sync: true);
        _engine.Sync();
        Assert.Equal(version, Setting("PRAGMA user_version"));

        Put("a", "2", sync: false);
        _engine.Sync();

        Assert.Equal(version + 1, Setting("PRAGMA user_version"));
        Assert.Equal(Full, Setting("PRAGMA synchronous"));
        Assert.Equal(2, _engine.Writer.Barriers);
    }

    [Fact]
    public void Sync_WithAReaderInTheWay_StillCommits()
    {
        using var snapshot = _engine.CreateSnapshot();
        Put("a", "1", sync: false);
        var before = _engine.Writer.Barriers;

        _engine.Sync();

        Assert.Equal(before + 1, _engine.Writer.Barriers);
    }

    [Fact]
    public void Write_ProcessKilledAfterwards_IsThere()
    {
        for (var i = 0; i < 100; i++)
            Put($"key{i:D3}", $"{i}", sync: false);

        using var copy = CopyOfTheFiles();
        using var reopened = Open(copy.Path);

        Assert.Equal(100, Count(reopened));
    }

    /// <summary>Goal: after a torn log a prefix of the batches is there, each whole. Method: cut a copy of the log anywhere.</summary>
    [Fact]
    public void Write_LogTornAnywhere_LeavesAPrefixOfWholeBatches()
    {
        const int batches = 40;
        for (var number = 0; number < batches; number++)
        {
            using var batch = _engine.CreateBatch();
            for (var part = 0; part < 3; part++)
                batch.Put(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{number:D3}/{part}")), new byte[700]);
            _engine.Write(batch, sync: false);
        }

        Seeds.Run(usualSeed: 1, usualRuns: 25, seed =>
        {
            using var copy = CopyOfTheFiles();
            var log = copy.Combine("honu.sqlite-wal");
            using (var file = new FileStream(log, FileMode.Open))
                file.SetLength(new Random(seed).NextInt64(file.Length));
            using var torn = Open(copy.Path);
            using var iterator = torn.CreateIterator();
            var found = 0;
            for (iterator.Seek([]); iterator.IsValid; iterator.Next(), found++)
                Assert.Equal($"{found / 3:D3}/{found % 3}", Encoding.UTF8.GetString(iterator.Key));
            iterator.ThrowIfFailed();
            Assert.Equal(0, found % 3);
        });
    }

    [Fact]
    public void Write_DiskFull_IsAnIOErrorThatLeavesNothingOfTheBatchAndTheRestReadable()
    {
        Put("kept", "1", sync: false);
        _engine.Writer.Session.Execute("PRAGMA max_page_count = 4", "Testing");

        var error = Assert.Throws<HonuIOException>(() =>
        {
            using var batch = _engine.CreateBatch();
            batch.Put("small"u8, "1"u8);
            batch.Put("large"u8, new byte[1 << 20]);
            _engine.Write(batch, sync: false);
        });

        Assert.Equal(HonuErrorCode.Io, error.Code);
        Assert.Contains(_directory.Path, error.Message, StringComparison.Ordinal);
        Assert.Equal(1, Count(_engine));
        _engine.Writer.Session.Execute("PRAGMA max_page_count = 4294967294", "Testing");
        Put("added", "1", sync: true);
        Assert.Equal(2, Count(_engine));
    }

    [Fact]
    public void Dispose_CopiesTheLogIntoTheFileAndRemovesIt()
    {
        Put("a", "1", sync: false);
        Assert.True(File.Exists(_directory.Combine("honu.sqlite-wal")));

        _engine.Dispose();

        Assert.Equal(["HONU.LOCK", "honu.sqlite"], Directory.EnumerateFiles(_directory.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Compact_AfterRemovals_GivesTheDiskItsRoomBack()
    {
        for (var i = 0; i < 300; i++)
            Put($"key{i}", new string('x', 4000), sync: false);
        for (var i = 0; i < 300; i++)
            Delete($"key{i}");

        _engine.Compact();

        Assert.True(Directory.EnumerateFiles(_directory.Path).Sum(file => new FileInfo(file).Length) < 100_000);
    }

    private static SqliteEngine Open(string path) => SqliteEngine.Open(path, new HonuStoreOptions());

    private long Setting(string pragma) => _engine.Writer.Session.Number(pragma, "Testing");

    private static int Count(SqliteEngine engine)
    {
        using var iterator = engine.CreateIterator();
        var count = 0;
        for (iterator.Seek([]); iterator.IsValid; iterator.Next())
            count++;
        iterator.ThrowIfFailed();
        return count;
    }

    private void Put(string key, string value, bool sync)
    {
        using var batch = _engine.CreateBatch();
        batch.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        _engine.Write(batch, sync);
    }

    private void Delete(string key)
    {
        using var batch = _engine.CreateBatch();
        batch.Delete(Encoding.UTF8.GetBytes(key));
        _engine.Write(batch, sync: false);
    }

    // What the operating system has when a process ends without a word. The file with the shared memory of the connections belongs to the process.
    private TestDirectory CopyOfTheFiles()
    {
        var copy = new TestDirectory();
        foreach (var name in new[] { "honu.sqlite", "honu.sqlite-wal" })
            File.Copy(_directory.Combine(name), copy.Combine(name));
        return copy;
    }
}

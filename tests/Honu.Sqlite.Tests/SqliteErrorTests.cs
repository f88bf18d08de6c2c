using Honu.TestKit;
using Microsoft.Data.Sqlite;

namespace Honu.Sqlite.Tests;

/// <summary>SQLite's errors as a user of the store meets them.</summary>
public sealed class SqliteErrorTests
{
    private static readonly HonuStoreOptions Options = new() { Engine = new SqliteEngineFactory() };

    [Theory]
    [InlineData(5, HonuErrorCode.StoreLocked)]
    [InlineData(6, HonuErrorCode.StoreLocked)]
    [InlineData(5 | (2 << 8), HonuErrorCode.StoreLocked)]
    [InlineData(8, HonuErrorCode.Io)]
    [InlineData(10, HonuErrorCode.Io)]
    [InlineData(10 | (4 << 8), HonuErrorCode.Io)]
    [InlineData(13, HonuErrorCode.Io)]
    [InlineData(14, HonuErrorCode.Io)]
    [InlineData(11, HonuErrorCode.Corruption)]
    [InlineData(11 | (3 << 8), HonuErrorCode.Corruption)]
    [InlineData(26, HonuErrorCode.Corruption)]
    [InlineData(18, HonuErrorCode.LimitExceeded)]
    [InlineData(1, HonuErrorCode.Unknown)]
    public void Translate_ResultCode_IsTheErrorOfItsKind(int code, HonuErrorCode expected)
    {
        var error = SqliteErrors.Translate(code, "/data/store", "Writing to", "database says no");

        Assert.Equal(expected, error.Code);
        Assert.Equal("/data/store", error.Path);
        Assert.Contains("database says no", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Write_FileHeldByAnotherProgram_IsLockedAndLaterWritesGoOn()
    {
        using var directory = new TestDirectory();
        using var engine = new SqliteEngineFactory().Open(directory.Path, Options);
        using var batch = engine.CreateBatch();
        batch.Put("key"u8, "1"u8);
        using (var other = new SqliteConnection($"Data Source={directory.Combine("honu.sqlite")};Pooling=False"))
        {
            other.Open();
            using var begin = other.CreateCommand();
            begin.CommandText = "BEGIN IMMEDIATE";
            begin.ExecuteNonQuery();

            Assert.Throws<HonuStoreLockedException>(() => engine.Write(batch, sync: false));
        }

        engine.Write(batch, sync: false);
        using var found = engine.Get("key"u8);
        Assert.True(found.Found);
    }

    [Fact]
    public void Open_FileThatIsNoDatabase_IsCorruption()
    {
        using var directory = new TestDirectory();
        File.WriteAllText(directory.Combine("HONU"), "honu format 1\n");
        File.WriteAllText(directory.Combine("honu.sqlite"), new string('?', 10_000));

        var error = Assert.Throws<HonuCorruptionException>(() => HonuStore.Open(directory.Path, Options));

        Assert.Equal(directory.Path, error.Path);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Open_DatabaseOfAnotherProgram_IsNotAStoreAndStaysAsItIs()
    {
        using var directory = new TestDirectory();
        File.WriteAllText(directory.Combine("HONU"), "honu format 1\n");
        using (var other = new SqliteConnection($"Data Source={directory.Combine("honu.sqlite")};Pooling=False"))
        {
            other.Open();
            using var create = other.CreateCommand();
            create.CommandText = "CREATE TABLE photos (name TEXT)";
            create.ExecuteNonQuery();
        }

        var before = File.ReadAllBytes(directory.Combine("honu.sqlite"));

        var error = Assert.Throws<HonuFormatException>(() => HonuStore.Open(directory.Path, Options));

        Assert.Equal(HonuErrorCode.NotAStore, error.Code);
        Assert.Equal(before, File.ReadAllBytes(directory.Combine("honu.sqlite")));
    }

    [Fact]
    public void Open_FileLostButItsLogThere_IsCorruption()
    {
        using var directory = new TestDirectory();
        File.WriteAllText(directory.Combine("HONU"), "honu format 1\n");
        File.WriteAllText(directory.Combine("honu.sqlite-wal"), "left behind");

        Assert.Throws<HonuCorruptionException>(() => HonuStore.Open(directory.Path, Options));
    }

    /// <summary>Goal: damage gives an error or the right value, never another value, and never a crash. Method: flip one byte of a copy at a time.</summary>
    [Fact]
    public void Read_ByteFlippedInTheFile_NeverGivesAnotherValue()
    {
        using var directory = new TestDirectory();
        var value = new ByteGenerator(4).Bytes(3000);
        using (var store = HonuStore.Open(directory.Combine("store"), Options))
        {
            for (byte i = 0; i < 40; i++)
                store.Put([i], value);
        }

        var file = directory.Combine("store", "honu.sqlite");
        var whole = File.ReadAllBytes(file);
        var errors = 0;
        Seeds.Run(usualSeed: 1, usualRuns: 100, seed =>
        {
            var random = new Random(seed);
            var damaged = (byte[])whole.Clone();
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            foreach (var log in Directory.EnumerateFiles(directory.Combine("store"), "honu.sqlite-*"))
                File.Delete(log);
            File.WriteAllBytes(file, damaged);
            try
            {
                using var store = HonuStore.Open(directory.Combine("store"), Options);
                for (byte i = 0; i < 40; i++)
                {
                    if (store.Get([i]) is { } found)
                        Assert.True(found.AsSpan().SequenceEqual(value), "another value was read");
                }
            }
            catch (HonuException)
            {
                errors++;
            }
        });
        Assert.True(errors > 0, "no flip was noticed: the test damages nothing");
    }
}

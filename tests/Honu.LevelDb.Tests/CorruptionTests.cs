namespace Honu.LevelDb.Tests;

/// <summary>
/// Goal: damaged bytes give a typed exception, never a wrong value and never a silent absence.
/// Method: flip bits in closed files, then read all.
/// </summary>
public sealed class CorruptionTests : IDisposable
{
    private const int Keys = 400;

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Table_FlippedBits_AreNeverAWrongOrMissingValue(int seed)
    {
        string table = MakeTable();
        byte[] intact = File.ReadAllBytes(table);
        var random = new Random(seed);
        int detected = 0;

        for (int round = 0; round < 40; round++)
        {
            byte[] damaged = [.. intact];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(table, damaged);
            try
            {
                using LevelDatabase database = LevelDatabase.Open(_directory.Database);
                for (int i = 0; i < Keys; i++)
                    Assert.Equal(Value(i), database.GetArray(Key(i)));
            }
            catch (LevelDbException error)
            {
                Assert.Equal(LevelDbErrorKind.Corruption, error.Kind);
                Assert.Contains(_directory.Database, error.Message, StringComparison.Ordinal);
                detected++;
            }
        }

        Assert.True(detected > 10, $"Seed {seed}: only {detected} of 40 were noticed.");
    }

    [Fact]
    public void Iterator_DamagedBlock_StopsAndThrowsWhenAsked()
    {
        Flip(MakeTable(), 0.4);
        using LevelDatabase database = LevelDatabase.Open(_directory.Database);
        using LevelIterator iterator = database.CreateIterator();
        int seen = 0;

        for (iterator.SeekToFirst(); iterator.IsValid; iterator.Next(), seen++)
            Assert.Equal(Value((iterator.Key[^2] << 8) | iterator.Key[^1]), iterator.Value.ToArray());

        // LevelDB skips a damaged block and goes on, or stops: either way entries are missing, and the error is kept.
        Assert.InRange(seen, 0, Keys - 1);
        var error = Assert.Throws<LevelDbException>(iterator.ThrowIfFailed);
        Assert.Equal(LevelDbErrorKind.Corruption, error.Kind);
    }

    [Fact]
    public void Log_DamagedWithParanoidChecks_DoesNotOpen()
    {
        Flip(MakeLog(), 0.5);

        var error = Assert.Throws<LevelDbException>(() => LevelDatabase.Open(_directory.Database));

        Assert.Equal(LevelDbErrorKind.Corruption, error.Kind);
    }

    [Fact]
    public void Log_DamagedWithoutParanoidChecks_OpensWithFewer()
    {
        Flip(MakeLog(), 0.5);

        using LevelDatabase database = LevelDatabase.Open(_directory.Database, new() { ParanoidChecks = false });

        Assert.Null(database.GetArray(Key(Keys / 2)));
    }

    [Fact]
    public void Repair_DamagedLog_SavesWhatCanBeRead()
    {
        Flip(MakeLog(), 0.5);

        LevelDbMaintenance.Repair(_directory.Database);

        using LevelDatabase database = LevelDatabase.Open(_directory.Database);
        Assert.Equal(Value(0), database.GetArray(Key(0)));
    }

    [Fact]
    public void Repair_MissingManifest_RestoresTheTables()
    {
        MakeTable();
        foreach (string file in Directory.GetFiles(_directory.Database, "MANIFEST-*"))
            File.Delete(file);
        Assert.Throws<LevelDbException>(() => LevelDatabase.Open(_directory.Database));

        LevelDbMaintenance.Repair(_directory.Database + "/");

        using LevelDatabase database = LevelDatabase.Open(_directory.Database);
        Assert.Equal(Value(Keys - 1), database.GetArray(Key(Keys - 1)));
    }

    private static byte[] Key(int i) => [.. "key/"u8, (byte)(i >> 8), (byte)i];

    private static byte[] Value(int i)
    {
        byte[] value = new byte[100];
        new Random(i).NextBytes(value);
        return value;
    }

    private string MakeTable()
    {
        using (LevelDatabase database = LevelDatabase.Open(_directory.Database))
        {
            Fill(database);
            database.CompactAll();
        }

        return Directory.GetFiles(_directory.Database, "*.ldb").MaxBy(file => new FileInfo(file).Length)!;
    }

    private string MakeLog()
    {
        using (LevelDatabase database = LevelDatabase.Open(_directory.Database))
            Fill(database);
        return Directory.GetFiles(_directory.Database, "*.log").Single();
    }

    private static void Fill(LevelDatabase database)
    {
        for (int i = 0; i < Keys; i++)
            database.Put(Key(i), Value(i));
    }

    private static void Flip(string file, double where)
    {
        byte[] bytes = File.ReadAllBytes(file);
        bytes[(int)(bytes.Length * where)] ^= 0x10;
        File.WriteAllBytes(file, bytes);
    }
}

namespace Honu.LevelDb.Tests;

/// <summary>
/// Goal: no flipped bit in a log or a manifest loses anything silently. LevelDB itself takes a record whose length was made longer for a torn end.
/// Method: every bit of the lengths of a small log, and of a small manifest; each gives everything or an error.
/// </summary>
public sealed class LogFileTests : IDisposable
{
    private const int Keys = 20;

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("*.log")]
    [InlineData("MANIFEST-*")]
    public void Open_AnyBitOfALengthFlipped_LosesNothingSilently(string pattern)
    {
        using (LevelDatabase database = LevelDatabase.Open(_directory.Database))
        {
            Fill(database, 0);
            database.CompactAll();
            Fill(database, Keys);
        }

        Dictionary<string, byte[]> intact = Directory.GetFiles(_directory.Database).ToDictionary(static file => file, File.ReadAllBytes, StringComparer.Ordinal);
        string victim = Directory.GetFiles(_directory.Database, pattern).Single();
        int detected = 0;
        for (int at = 0, length; at + 7 <= intact[victim].Length; at += 7 + length)
        {
            length = intact[victim][at + 4] | (intact[victim][at + 5] << 8);
            for (int bit = 0; bit < 16; bit++)
            {
                foreach (string file in Directory.GetFiles(_directory.Database))
                    File.Delete(file);
                foreach ((string file, byte[] bytes) in intact)
                    File.WriteAllBytes(file, bytes);
                byte[] damaged = [.. intact[victim]];
                damaged[at + 4 + (bit / 8)] ^= (byte)(1 << (bit % 8));
                File.WriteAllBytes(victim, damaged);
                detected += IsCompleteOrCorrupt() ? 0 : 1;
            }
        }

        Assert.True(detected > 30, $"Only {detected} flips were noticed.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(30)]
    public void Open_LogTornAnywhere_OpensWithTheWholeWrites(int cut)
    {
        using (LevelDatabase database = LevelDatabase.Open(_directory.Database))
            Fill(database, 0);
        string log = Directory.GetFiles(_directory.Database, "*.log").Single();
        byte[] bytes = File.ReadAllBytes(log);
        int record = bytes.Length / Keys;
        File.WriteAllBytes(log, bytes[..((record * (Keys - 1)) + cut)]);

        using LevelDatabase torn = LevelDatabase.Open(_directory.Database);

        Assert.Equal(Value(Keys - 2), torn.GetArray(Key(Keys - 2)));
        Assert.Null(torn.GetArray(Key(Keys - 1)));
    }

    // LevelDB's repair reads logs without checking them: a damaged write must not come back as a value, and those behind it must.
    [Fact]
    public void Repair_DamagedWriteInALog_IsDroppedAloneAndKeptAside()
    {
        using (LevelDatabase database = LevelDatabase.Open(_directory.Database))
            Fill(database, 0);
        string log = Directory.GetFiles(_directory.Database, "*.log").Single();
        byte[] bytes = File.ReadAllBytes(log);
        bytes[bytes.Length / 2] ^= 0x10;
        File.WriteAllBytes(log, bytes);

        LevelDbMaintenance.Repair(_directory.Database);

        using LevelDatabase repaired = LevelDatabase.Open(_directory.Database);
        int missing = 0;
        for (int i = 0; i < Keys; i++)
        {
            byte[]? value = repaired.GetArray(Key(i));
            missing += value is null ? 1 : 0;
            Assert.True(value is null || value.AsSpan().SequenceEqual(Value(i)), $"Key {i} has a wrong value.");
        }

        Assert.Equal(1, missing);
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(_directory.Database, "lost", Path.GetFileName(log) + ".original")));
    }

    private bool IsCompleteOrCorrupt()
    {
        try
        {
            using LevelDatabase database = LevelDatabase.Open(_directory.Database);
            for (int i = 0; i < 2 * Keys; i++)
                Assert.Equal(Value(i), database.GetArray(Key(i)));
            return true;
        }
        catch (LevelDbException error)
        {
            Assert.Equal(LevelDbErrorKind.Corruption, error.Kind);
            return false;
        }
    }

    private static byte[] Key(int i) => [(byte)'k', (byte)i];

    private static byte[] Value(int i) => [.. Enumerable.Range(i, 60).Select(static x => (byte)x)];

    private static void Fill(LevelDatabase database, int first)
    {
        for (int i = first; i < first + Keys; i++)
            database.Put(Key(i), Value(i));
    }
}

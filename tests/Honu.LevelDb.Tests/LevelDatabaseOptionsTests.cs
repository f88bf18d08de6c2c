namespace Honu.LevelDb.Tests;

public sealed class LevelDatabaseOptionsTests
{
    public static TheoryData<LevelDatabaseOptions, string> OutOfRange => new()
    {
        { new() { WriteBufferBytes = 1 }, "WriteBufferBytes" },
        { new() { WriteBufferBytes = (1L << 30) + 1 }, "WriteBufferBytes" },
        { new() { BlockCacheBytes = -1 }, "BlockCacheBytes" },
        { new() { BloomBitsPerKey = 65 }, "BloomBitsPerKey" },
        { new() { BlockBytes = 1023 }, "BlockBytes" },
        { new() { MaxFileBytes = 0 }, "MaxFileBytes" },
        { new() { MaxOpenFiles = 73 }, "MaxOpenFiles" },
        { new() { RestartInterval = 0 }, "RestartInterval" },
        { new() { Compression = (LevelCompression)2 }, "Compression" },
        { new() { CreateIfMissing = false, ErrorIfExists = true }, "ErrorIfExists" },
    };

    [Fact]
    public void Defaults_AreTheDocumentedOnes()
    {
        var options = new LevelDatabaseOptions();

        Assert.True(options.CreateIfMissing);
        Assert.False(options.ErrorIfExists);
        Assert.True(options.ParanoidChecks);
        Assert.Equal(4 << 20, options.WriteBufferBytes);
        Assert.Equal(8 << 20, options.BlockCacheBytes);
        Assert.Equal(10, options.BloomBitsPerKey);
        Assert.Equal(4096, options.BlockBytes);
        Assert.Equal(2 << 20, options.MaxFileBytes);
        Assert.Equal(1000, options.MaxOpenFiles);
        Assert.Equal(16, options.RestartInterval);
        Assert.Equal(LevelCompression.Snappy, options.Compression);
        Assert.True(options.VerifyChecksums);
        Assert.Empty(options.Faults());
    }

    [Theory]
    [MemberData(nameof(OutOfRange), DisableDiscoveryEnumeration = true)]
    public void Faults_OutOfRange_NameTheOption(LevelDatabaseOptions options, string name)
    {
        string fault = Assert.Single(options.Faults());

        Assert.StartsWith(name, fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LevelCompression.None, 0, 0)]
    [InlineData(LevelCompression.Snappy, 30, 1 << 20)]
    public void Open_ExtremeButAllowed_Works(LevelCompression compression, int bloomBits, long cacheBytes)
    {
        using var directory = new TempDirectory();
        var options = new LevelDatabaseOptions
        {
            Compression = compression,
            BloomBitsPerKey = bloomBits,
            BlockCacheBytes = cacheBytes,
            WriteBufferBytes = 64 << 10,
            BlockBytes = 1024,
            MaxFileBytes = 1 << 20,
            MaxOpenFiles = 74,
            RestartInterval = 1,
            VerifyChecksums = false,
        };
        using LevelDatabase database = LevelDatabase.Open(directory.Database, options);

        for (int i = 0; i < 1000; i++)
            database.Put([(byte)(i >> 8), (byte)i], new byte[500]);
        database.CompactAll();

        Assert.Equal(500, database.GetArray([1, 1], new() { VerifyChecksums = true, DontFillCache = true })!.Length);
    }
}

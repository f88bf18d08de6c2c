using System.Globalization;
using Honu.LevelDb;

namespace Honu.Cli.Benchmarking;

/// <summary>From the settings of a run to the options of both engines. The only place that knows which options there are.</summary>
internal static class EngineOptions
{
    /// <summary>What --retention takes.</summary>
    public const string RetentionForms = "parents, all or the number of versions kept, from 1 to 1000000";

    /// <summary>How Honu is opened.</summary>
    public static HonuStoreOptions ForHonu(BenchSettings settings, Retention retention) => new()
    {
        Durability = settings.Durability,
        Retention = retention,
        Integrity = settings.Integrity,
        MaxValueBytes = BenchData.MaxValueBytes,
        HeadCacheEntries = settings.HeadCacheEntries,
    };

    /// <summary>How bare LevelDB is opened: as Honu's own engine opens it, and with LevelDB's defaults for what Honu leaves alone.</summary>
    public static LevelDatabaseOptions ForLevelDb(BenchSettings settings)
    {
        var honu = ForHonu(settings, default);
        return new LevelDatabaseOptions
        {
            WriteBufferBytes = honu.WriteBufferBytes,
            BlockCacheBytes = honu.BlockCacheBytes,
            BloomBitsPerKey = honu.BloomBitsPerKey,
            Compression = honu.Compression == StoreCompression.None ? LevelCompression.None : LevelCompression.Snappy,
            VerifyChecksums = honu.Integrity == Integrity.Full,
        };
    }

    /// <summary>Reads one value of --retention.</summary>
    public static bool TryParseRetention(string text, out Retention retention)
    {
        retention = Retention.ParentsOnly;
        if (text == "parents")
            return true;
        if (text == "all")
        {
            retention = Retention.All;
            return true;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var versions) || versions is < 1 or > 1_000_000)
            return false;
        retention = Retention.Versions(versions);
        return true;
    }
}

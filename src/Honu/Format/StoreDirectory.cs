using System.Globalization;
using System.Text;

namespace Honu.Format;

/// <summary>The marker file <c>HONU</c>, which tells a Honu store and its format before the engine is opened: an engine writes at its opening.</summary>
internal static class StoreDirectory
{
    public const int CurrentFormat = 1;
    private const string MarkerName = "HONU";
    private const string MarkerPrefix = "honu format ";

    // A file of its own, so that the marker keeps its birth: the store's stamp hangs on it.
    private const string RepairName = "HONU.repair";

    // As late as every file system can say.
    private static readonly DateTime NeverChanged = new(2038, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Checks that <paramref name="path"/> holds a store of a known format, or may become one and is marked as such.</summary>
    public static void Prepare(string path, bool createIfMissing, FormatUpgrades formats)
    {
        try
        {
            if (File.Exists(Path.Combine(path, RepairName)))
                throw new HonuCorruptionException(path, $"A repair of the store at {path} was interrupted. Repair it again (honu repair).");
            if (IsMarked(path, createIfMissing, formats))
                return;
            Directory.CreateDirectory(path);
            WriteMarker(path, formats.Current);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, error);
        }
    }

    /// <summary>Makes sure that nothing is in the way of a new store, and creates its directory without a marker: until it has one, it is no store.</summary>
    /// <returns>Whether there was no directory before.</returns>
    public static bool PrepareEmpty(string path)
    {
        try
        {
            if (File.Exists(path))
                throw new HonuException(HonuErrorCode.DirectoryNotEmpty, $"{path} is a file. Name a directory that does not exist or is empty.", path);
            var isNew = !Directory.Exists(path);
            if (!isNew && Directory.EnumerateFileSystemEntries(path).Any())
                throw new HonuException(HonuErrorCode.DirectoryNotEmpty, $"{path} is not empty, and nothing in it is overwritten. Name a directory that does not exist or is empty.", path);
            Directory.CreateDirectory(path);
            return isNew;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, error);
        }
    }

    /// <summary>Says that a repair is at work: nobody opens the directory until it has ended.</summary>
    public static void BeginRepair(string path)
    {
        try
        {
            using var file = new FileStream(Path.Combine(path, RepairName), FileMode.Create, FileAccess.Write);
            file.Flush(flushToDisk: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, error);
        }
    }

    /// <summary>The repair has ended, or did not begin.</summary>
    public static void EndRepair(string path)
    {
        try
        {
            File.Delete(Path.Combine(path, RepairName));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, error);
        }
    }

    /// <summary>Checks that there is a store that may be repaired, be it one that a repair was interrupted on.</summary>
    public static void CheckRepairable(string path, FormatUpgrades formats)
    {
        try
        {
            IsMarked(path, createIfMissing: false, formats);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, error);
        }
    }

    /// <summary>When the marker file was born: a copy, or a backup that was put back, has another birth than the directory that it was made from.</summary>
    /// <remarks>
    /// Renaming a directory keeps it. Where a file system knows no births, the older of the times of change and of status counts. The time of change lies in the
    /// future, so that is the time of status: a copy has one of its own even if it keeps the other.
    /// </remarks>
    public static long Stamp(string path) => File.GetCreationTimeUtc(Path.Combine(path, MarkerName)).Ticks;

    /// <summary>Marks the directory as a store of this format.</summary>
    /// <remarks>Written aside and renamed: a kill in between must not leave half a marker, which would be refused for ever.</remarks>
    public static void WriteMarker(string path, int format)
    {
        var marker = Path.Combine(path, MarkerName);
        var temporary = marker + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{MarkerPrefix}{format}\n")));
            file.Flush(flushToDisk: true);
        }

        File.SetLastWriteTimeUtc(temporary, NeverChanged);
        File.Move(temporary, marker, overwrite: true);
    }

    public static HonuFormatException UnknownFormat(string path, long format, FormatUpgrades formats) => new(
        HonuErrorCode.UnknownFormat,
        path,
        $"The store at {path} has format {format}; this build knows {formats.Names} only. Nothing was written. Use a build that knows it.");

    public static HonuFormatException NotAStore(string path, string message) => new(HonuErrorCode.NotAStore, path, message);

    public static HonuFormatException NoStore(string path) => NotAStore(path, $"There is no Honu store at {path}. Check the path, or create the store with a first put, import or serve.");

    public static HonuIOException Unusable(string path, Exception error) =>
        new(path, $"The directory {path} cannot be used: {error.Message} Check its permissions and the disk.", error);

    private static bool IsMarked(string path, bool createIfMissing, FormatUpgrades formats)
    {
        if (File.Exists(path))
            throw NotAStore(path, $"{path} is a file, not the directory of a Honu store. Name a directory.");
        var marker = Path.Combine(path, MarkerName);
        if (File.Exists(marker))
        {
            CheckFormat(path, marker, formats);
            return true;
        }

        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any(entry => entry != marker + ".new"))
            throw NotAStore(path, $"{path} holds other files and is no Honu store (it has no file {MarkerName}). Name another directory.");
        return createIfMissing ? false : throw NoStore(path);
    }

    private static void CheckFormat(string path, string marker, FormatUpgrades formats)
    {
        var text = File.ReadAllText(marker).Trim();
        if (!text.StartsWith(MarkerPrefix, StringComparison.Ordinal)
            || !int.TryParse(text.AsSpan(MarkerPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var format))
            throw NotAStore(path, $"The file {marker} is damaged: it should say \"{MarkerPrefix}{CurrentFormat}\". Write that line into it if the store is one of this format, or restore the directory from a backup.");
        if (!formats.Knows(format))
            throw UnknownFormat(path, format, formats);
    }
}

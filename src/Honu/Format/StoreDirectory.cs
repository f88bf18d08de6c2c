using System.Globalization;
using System.Text;

namespace Honu.Format;

/// <summary>The marker file <c>HONU</c>, which tells a Honu store and its format before the engine is opened: an engine writes at its opening.</summary>
internal static class StoreDirectory
{
    public const int CurrentFormat = 1;
    private const string MarkerName = "HONU";
    private const string MarkerPrefix = "honu format ";

    /// <summary>Checks that <paramref name="path"/> holds a store of a known format, or may become one and is marked as such.</summary>
    public static void Prepare(string path, bool createIfMissing)
    {
        try
        {
            if (File.Exists(path))
                throw NotAStore(path, $"{path} is a file, not the directory of a Honu store. Name a directory.");
            var marker = Path.Combine(path, MarkerName);
            if (File.Exists(marker))
            {
                CheckFormat(path, marker);
                return;
            }

            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any(entry => entry != marker + ".new"))
                throw NotAStore(path, $"{path} holds other files and is no Honu store (it has no file {MarkerName}). Name another directory.");
            if (!createIfMissing)
                throw NotAStore(path, $"There is no Honu store at {path}. Check the path, or create the store with a first put, import or serve.");
            Directory.CreateDirectory(path);
            WriteMarker(marker);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HonuIOException(path, $"The directory {path} cannot be used: {error.Message} Check its permissions and the disk.", error);
        }
    }

    /// <summary>When the marker file was born: a copy, or a backup that was put back, has another birth than the directory that it was made from.</summary>
    /// <remarks>Renaming a directory keeps it. Where a file system knows no births, the older of the times of change and of status counts.</remarks>
    public static long Stamp(string path) => File.GetCreationTimeUtc(Path.Combine(path, MarkerName)).Ticks;

    // Written aside and renamed: a kill in between must not leave half a marker, which would be refused for ever.
    private static void WriteMarker(string marker)
    {
        var temporary = marker + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{MarkerPrefix}{CurrentFormat}\n")));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, marker, overwrite: true);
    }

    private static void CheckFormat(string path, string marker)
    {
        var text = File.ReadAllText(marker).Trim();
        if (!text.StartsWith(MarkerPrefix, StringComparison.Ordinal)
            || !int.TryParse(text.AsSpan(MarkerPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var format))
            throw NotAStore(path, $"The file {marker} is damaged: it should say \"{MarkerPrefix}{CurrentFormat}\". Write that line into it if the store is one of this format, or restore the directory from a backup.");
        if (format != CurrentFormat)
            throw UnknownFormat(path, format);
    }

    public static HonuFormatException UnknownFormat(string path, long format) => new(
        HonuErrorCode.UnknownFormat,
        path,
        $"The store at {path} has format {format}; this build knows format {CurrentFormat} only. Nothing was written. Use a build that knows it.");

    public static HonuFormatException NotAStore(string path, string message) => new(HonuErrorCode.NotAStore, path, message);
}

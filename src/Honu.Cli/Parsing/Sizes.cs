using System.Globalization;

namespace Honu.Cli.Parsing;

/// <summary>Sizes as users write them: <c>4096 64KiB 16MiB 1GiB</c>.</summary>
internal static class Sizes
{
    private static readonly (string Unit, long Bytes)[] Units = [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("B", 1)];

    /// <summary>Reads a size; a bare number counts bytes.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        var (unit, factor) = Array.Find(Units, item => text.EndsWith(item.Unit, StringComparison.Ordinal));
        factor = Math.Max(factor, 1);
        if (!long.TryParse(text.AsSpan(0, text.Length - (unit?.Length ?? 0)), NumberStyles.None, CultureInfo.InvariantCulture, out bytes)
            || bytes > long.MaxValue / factor)
            return false;
        bytes *= factor;
        return true;
    }

    /// <summary>Writes a size with at most one decimal: <c>1.5 MiB</c>.</summary>
    public static string Format(long bytes)
    {
        for (var i = 2; i >= 0; i--)
        {
            if (bytes >= Units[i].Bytes)
                return string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / Units[i].Bytes:0.#} {Units[i].Unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes} B");
    }
}

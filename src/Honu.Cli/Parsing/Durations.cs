using System.Globalization;

namespace Honu.Cli.Parsing;

/// <summary>Durations as users write them: <c>200ms 5s 10m 1h 30d</c>.</summary>
internal static class Durations
{
    private static readonly (string Unit, double Milliseconds)[] Units =
        [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    /// <summary>Reads a positive duration; a bare number is refused, because nobody agrees on its unit.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        foreach (var (unit, milliseconds) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal)
                || !double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                continue;
            var total = number * milliseconds;
            if (!(total >= 1) || total > TimeSpan.FromDays(3650).TotalMilliseconds)
                return false;
            duration = TimeSpan.FromMilliseconds(total);
            return true;
        }

        return false;
    }

    /// <summary>Writes a duration in the largest unit that divides it.</summary>
    public static string Format(TimeSpan duration)
    {
        for (var i = Units.Length - 1; i > 0; i--)
        {
            var number = duration.TotalMilliseconds / Units[i].Milliseconds;
            if (number >= 1 && number == Math.Floor(number))
                return string.Create(CultureInfo.InvariantCulture, $"{number}{Units[i].Unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0.###}ms");
    }
}

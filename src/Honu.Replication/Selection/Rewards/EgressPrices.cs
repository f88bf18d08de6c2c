using System.Globalization;

namespace Honu.Replication;

/// <summary>What a byte costs that leaves one region for another. Only the ratios of prices count. Immutable.</summary>
public sealed class EgressPrices
{
    private const string Any = "*";

    private readonly Dictionary<(string From, string To), double> _prices;

    private EgressPrices(Dictionary<(string From, string To), double> prices)
    {
        _prices = prices;
        Highest = prices.Values.DefaultIfEmpty().Max() is > 0 and var highest ? highest : 1;
    }

    /// <summary>Nothing within a region, the same between any two.</summary>
    public static EgressPrices Default { get; } = new([]);

    /// <summary>The highest price; above zero.</summary>
    public double Highest { get; }

    /// <summary>The price of a byte from a region to another: by that pair, else of whatever leaves the one, else of whatever comes to the other, else of any pair. Without all these nothing within a region, and between two the highest price, so that what was left out is not taken for free.</summary>
    public double Of(string from, string to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        if (_prices.TryGetValue((from, to), out var price))
            return price;
        if (from == to)
            return 0;
        return _prices.TryGetValue((from, Any), out price) || _prices.TryGetValue((Any, to), out price) || _prices.TryGetValue((Any, Any), out price) ? price : Highest;
    }

    /// <summary>Reads a table: lines of <c>from,to,price</c>, with that or another order named by the first line; <c>*</c> stands for any region; empty lines and lines that begin with <c>#</c> are skipped.</summary>
    /// <param name="csv">The text.</param>
    /// <exception cref="FormatException">A line is malformed; the message names it.</exception>
    public static EgressPrices Parse(string csv)
    {
        ArgumentNullException.ThrowIfNull(csv);
        var prices = new Dictionary<(string From, string To), double>();
        int[]? columns = null;
        var number = 0;
        foreach (var line in csv.Split('\n').Select(static line => line.Trim()))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
                continue;
            string[] cells = [.. line.Split(',').Select(static cell => cell.Trim())];
            if (columns is null)
            {
                columns = [Array.IndexOf(cells, "from"), Array.IndexOf(cells, "to"), Array.IndexOf(cells, "price")];
                if (columns.Contains(-1))
                    throw new FormatException($"Line {number} must name the columns from, to and price; it is \"{line}\".");
                continue;
            }

            if (cells.Length <= columns.Max() || cells[columns[0]].Length == 0 || cells[columns[1]].Length == 0)
                throw new FormatException($"Line {number} has no region or no price: \"{line}\". Write from,to,price, for example eu-west,us-east,0.02.");
            if (!double.TryParse(cells[columns[2]], NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var price) || !double.IsFinite(price))
                throw new FormatException($"Line {number}: the price \"{cells[columns[2]]}\" is not a number of at least 0.");
            if (!prices.TryAdd((cells[columns[0]], cells[columns[1]]), price))
                throw new FormatException($"Line {number} names {cells[columns[0]]} to {cells[columns[1]]} a second time.");
        }

        return columns is null ? throw new FormatException("The table is empty: its first line must name the columns from, to and price.") : new EgressPrices(prices);
    }
}

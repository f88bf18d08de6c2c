using System.Globalization;

namespace Honu.Simulation;

/// <summary>Regions and the time that a message takes from each to each.</summary>
public sealed class LatencyMatrix
{
    private const string Source = "src";
    private const string Destination = "dst";
    private const string OneWay = "oneway_sim_ms";
    private const double MaxMs = 60_000;

    // Far more than anybody has: a file of something else must end with a message, not with the memory.
    private const int MaxRegions = 1000;

    private static readonly Lazy<LatencyMatrix> LazyDefault = new(static () =>
    {
        using var stream = typeof(LatencyMatrix).Assembly.GetManifestResourceStream("aws15-latency.csv")!;
        using var reader = new StreamReader(stream);
        return Read(reader, "aws15-latency.csv");
    });

    private readonly double[] _oneWayMs;

    private LatencyMatrix(IReadOnlyList<string> regions, double[] oneWayMs) => (Regions, _oneWayMs) = (regions, oneWayMs);

    /// <summary>Fifteen regions of AWS as measured by the authors of the published experiment.</summary>
    public static LatencyMatrix Default => LazyDefault.Value;

    /// <summary>The names of the regions, in the order in which the file names them first.</summary>
    public IReadOnlyList<string> Regions { get; }

    /// <summary>Milliseconds from one region to another one; both by their place in <see cref="Regions"/>.</summary>
    public double OneWayMs(int from, int to) => _oneWayMs[(from * Regions.Count) + to];

    /// <summary>Reads a file of comma-separated values.</summary>
    /// <exception cref="FormatException">The file is not as <see cref="Read"/> wants it; the message names line and column.</exception>
    public static LatencyMatrix Load(string path)
    {
        using var reader = new StreamReader(path);
        return Read(reader, path);
    }

    /// <summary>Reads comma-separated values: a header, then a line for every ordered pair of regions and for every region with itself. The columns <c>src</c>, <c>dst</c> and <c>oneway_sim_ms</c> are found by their names; others are passed over.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="FormatException">A column or pair is missing or given twice, or a value is no time; the message names line and column.</exception>
    public static LatencyMatrix Read(TextReader reader, string name)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var header = reader.ReadLine() is { } first ? Split(first) : throw new FormatException($"{name}: the file is empty.");
        int source = Column(header, Source, name), destination = Column(header, Destination, name), oneWay = Column(header, OneWay, name);
        var regions = new List<string>();
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var lines = new List<(int From, int To, double Ms, int Line)>();
        for (var line = 2; reader.ReadLine() is { } text; line++)
        {
            if (string.IsNullOrWhiteSpace(text))
                continue;
            if (lines.Count == MaxRegions * MaxRegions)
                throw new FormatException($"{name}, line {line}: more lines than {MaxRegions} regions have pairs.");
            var fields = Split(text);
            lines.Add((Region(fields, source, Source, line), Region(fields, destination, Destination, line), Milliseconds(fields, line), line));
        }

        return new LatencyMatrix(regions, Fill(regions, lines, name));

        int Region(string[] fields, int column, string columnName, int line)
        {
            var region = Field(fields, column, columnName, line);
            if (numbers.TryGetValue(region, out var known))
                return known;
            if (regions.Count == MaxRegions)
                throw new FormatException($"{name}, line {line}, column {columnName}: more than {MaxRegions} regions.");
            numbers.Add(region, regions.Count);
            regions.Add(region);
            return regions.Count - 1;
        }

        double Milliseconds(string[] fields, int line)
        {
            var field = Field(fields, oneWay, OneWay, line);
            return double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var ms) && ms is >= 0 and <= MaxMs
                ? ms
                : throw new FormatException($"{name}, line {line}, column {OneWay}: \"{field}\" is no number of milliseconds between 0 and {MaxMs}.");
        }

        string Field(string[] fields, int column, string columnName, int line) => column < fields.Length && fields[column].Length > 0
            ? fields[column]
            : throw new FormatException($"{name}, line {line}, column {columnName}: there is no value.");
    }

    private static string[] Split(string line) => line.TrimStart('\uFEFF').Split(',', StringSplitOptions.TrimEntries);

    private static int Column(string[] header, string column, string name) => Array.IndexOf(header, column) is var found and >= 0
        ? found
        : throw new FormatException($"{name}, line 1: there is no column {column}; there are: {string.Join(", ", header)}.");

    private static double[] Fill(List<string> regions, List<(int From, int To, double Ms, int Line)> lines, string name)
    {
        if (regions.Count == 0)
            throw new FormatException($"{name}: there is no line of values.");
        var all = new double[regions.Count * regions.Count];
        Array.Fill(all, double.NaN);
        foreach (var (from, to, ms, line) in lines)
        {
            ref var place = ref all[(from * regions.Count) + to];
            if (!double.IsNaN(place))
                throw new FormatException($"{name}, line {line}, columns {Source} and {Destination}: {regions[from]} to {regions[to]} is given twice.");
            place = ms;
        }

        var missing = Array.FindIndex(all, double.IsNaN);
        return missing < 0
            ? all
            : throw new FormatException($"{name}, line {lines[^1].Line}, columns {Source} and {Destination}: the file ends without a line from {regions[missing / regions.Count]} to {regions[missing % regions.Count]}; every ordered pair is needed, and every region with itself.");
    }
}

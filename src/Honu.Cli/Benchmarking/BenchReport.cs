using System.Text.Json;

namespace Honu.Cli.Benchmarking;

/// <summary>The figures of one engine at one workload: medians over the rounds.</summary>
internal sealed record EngineFigures(
    string Workload, int ValueSize, string Engine, string? Retention, double OpsPerSec, double CpuMicrosPerOp, double AllocatedBytesPerOp, string? DoesNot);

/// <summary>One engine divided by the first one: medians of the ratios of each round. Times per operation, so above 1 is slower.</summary>
internal sealed record PairFigures(string Workload, int ValueSize, string Engine, string? Retention, double RatioWall, double RatioCpu, double RatioProcessCpu);

/// <summary>Everything that was measured.</summary>
internal sealed class BenchReport(IReadOnlyList<Contestant> contestants)
{
    private readonly Dictionary<(string Workload, int ValueBytes), List<Measurement>[]> _measured = [];

    /// <summary>Adds the next round's measurement.</summary>
    public void Add(Workload workload, int valueBytes, int contestant, Measurement measurement)
    {
        if (!_measured.TryGetValue((workload.Name, valueBytes), out var rounds))
        {
            rounds = [.. contestants.Select(static _ => new List<Measurement>())];
            _measured.Add((workload.Name, valueBytes), rounds);
        }

        rounds[contestant].Add(measurement);
    }

    /// <summary>The engines' figures, in the order of workloads, sizes and contestants.</summary>
    public IEnumerable<EngineFigures> Engines() =>
        from item in Items()
        from i in Enumerable.Range(0, contestants.Count)
        let rounds = item.Rounds[i]
        select new EngineFigures(
            item.Workload,
            item.ValueBytes,
            contestants[i].Engine,
            contestants[i].Retention,
            Median(rounds.Select(static m => m.Operations / m.WallNanoseconds * 1e9)),
            Median(rounds.Select(static m => m.ThreadCpuNanoseconds / m.Operations / 1000)),
            Median(rounds.Select(static m => (double)m.AllocatedBytes / m.Operations)),
            contestants[i].DoesNot);

    /// <summary>Every other engine beside the first.</summary>
    public IEnumerable<PairFigures> Pairs() =>
        from item in Items()
        from i in Enumerable.Range(1, contestants.Count - 1)
        let pairs = item.Rounds[i].Zip(item.Rounds[0])
        select new PairFigures(
            item.Workload,
            item.ValueBytes,
            contestants[i].Engine,
            contestants[i].Retention,
            Median(pairs.Select(static pair => pair.First.WallNanoseconds / pair.Second.WallNanoseconds)),
            Median(pairs.Select(static pair => pair.First.ThreadCpuNanoseconds / pair.Second.ThreadCpuNanoseconds)),
            Median(pairs.Select(static pair => pair.First.ProcessCpuNanoseconds / pair.Second.ProcessCpuNanoseconds)));

    /// <summary>The middle value; of an even number of values, the mean of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    public static void Write(Utf8JsonWriter json, EngineFigures figures)
    {
        json.WriteStartObject();
        json.WriteString("workload"u8, figures.Workload);
        json.WriteNumber("valueSize"u8, figures.ValueSize);
        json.WriteString("engine"u8, figures.Engine);
        if (figures.Retention is not null)
            json.WriteString("retention"u8, figures.Retention);
        json.WriteNumber("opsPerSec"u8, Math.Round(figures.OpsPerSec, 1));
        json.WriteNumber("cpuMicrosPerOp"u8, Math.Round(figures.CpuMicrosPerOp, 4));
        json.WriteNumber("allocatedBytesPerOp"u8, Math.Round(figures.AllocatedBytesPerOp, 3));
        if (figures.DoesNot is not null)
            json.WriteString("doesNot"u8, figures.DoesNot);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, PairFigures figures)
    {
        json.WriteStartObject();
        json.WriteString("workload"u8, figures.Workload);
        json.WriteNumber("valueSize"u8, figures.ValueSize);
        if (figures.Retention is not null)
            json.WriteString("retention"u8, figures.Retention);
        else
            json.WriteString("engine"u8, figures.Engine);
        json.WriteNumber("ratioWall"u8, Math.Round(figures.RatioWall, 4));
        json.WriteNumber("ratioCpu"u8, Math.Round(figures.RatioCpu, 4));
        json.WriteNumber("ratioProcessCpu"u8, Math.Round(figures.RatioProcessCpu, 4));
        json.WriteEndObject();
    }

    private IEnumerable<(string Workload, int ValueBytes, List<Measurement>[] Rounds)> Items() =>
        from size in _measured.Keys.Select(static key => key.ValueBytes).Distinct()
        from workload in Workload.All
        where _measured.ContainsKey((workload.Name, size))
        select (workload.Name, size, _measured[(workload.Name, size)]);
}

namespace Honu.Cli.Benchmarking;

/// <summary>Runs workloads on several engines side by side.</summary>
/// <remarks>
/// In each round, for each size of values, every workload runs on all engines, one right after the other and in an order that is shuffled anew each round: what the machine does
/// meanwhile strikes all alike, and a ratio of one round compares neighbours in time. A short round with few keys comes first, and is not reported, so that the compiler has
/// seen everything.
/// </remarks>
internal sealed class BenchRunner(BenchSettings settings, IReadOnlyList<Contestant> contestants)
{
    private const int WarmUpKeys = 20_000;
    private const int WarmUpRounds = 3;

    /// <summary>The steps of which <see cref="Run"/> reports the progress.</summary>
    public int Steps => ((settings.Rounds * settings.ValueSizes.Count) + WarmUpRounds) * Plan().Count;

    /// <summary>Measures everything, on the calling thread.</summary>
    /// <param name="progress">Called between workloads with the number of steps done and what comes next.</param>
    /// <param name="cancellation">Ends the run; the databases are removed all the same.</param>
    public BenchReport Run(Action<int, string> progress, CancellationToken cancellation)
    {
        using var directory = new BenchDirectory(settings.Directory);
        var steps = 0;
        var small = new BenchData(Math.Min(settings.Keys, WarmUpKeys));
        for (var round = 0; round < WarmUpRounds; round++)
            Round(small, [settings.ValueSizes.Min()], round, "warm-up", Report, directory, static (_, _, _, _) => { }, cancellation);
        var report = new BenchReport(contestants);
        var data = new BenchData(settings.Keys);
        for (var round = 0; round < settings.Rounds; round++)
            Round(data, settings.ValueSizes, round, $"round {round + 1}/{settings.Rounds}", Report, directory, report.Add, cancellation);
        return report;

        void Report(string what) => progress(steps++, what);
    }

    private void Round(
        BenchData data, IReadOnlyList<int> valueSizes, int round, string name, Action<string> progress, BenchDirectory directory,
        Action<Workload, int, int, Measurement> result, CancellationToken cancellation)
    {
        // Seeded by the round: a second run repeats the orders of the first.
        var random = new XorShift64Star((ulong)round + 1);
        foreach (var valueBytes in valueSizes)
        {
            foreach (var part in Plan().GroupBy(static workload => workload.HasOwnDatabase))
            {
                var databases = new Database[contestants.Count];
                try
                {
                    for (var i = 0; i < databases.Length; i++)
                        databases[i] = new Database(contestants[i], directory.Next());
                    BackgroundWork.WaitForEnd(cancellation);
                    foreach (var workload in part)
                    {
                        progress($"{name}, {valueBytes} B, {workload.Name}");
                        int[] order = [.. Enumerable.Range(0, databases.Length)];
                        random.Shuffle(order.AsSpan());
                        foreach (var i in order)
                            Measure(databases[i].Engine, i, workload);
                    }
                }
                finally
                {
                    foreach (var database in databases)
                        database?.Dispose();
                }
            }

            void Measure(IBenchEngine engine, int contestant, Workload workload)
            {
                var buffer = new byte[valueBytes];
                var measured = Measurement.Take(() => workload.Execute(engine, data, valueBytes, buffer, cancellation), cancellation);
                if (settings.Workloads.Contains(workload))
                    result(workload, valueBytes, contestant, measured);
            }
        }
    }

    // What was asked for, and the writing workloads before it in the same database: without these it would find another database.
    private List<Workload> Plan()
    {
        var last = settings.Workloads.Max(static workload => IndexOf(workload));
        return
        [
            .. Workload.All.Where((workload, index) =>
                settings.Workloads.Contains(workload) || (workload.Writes && !workload.HasOwnDatabase && index < last)),
        ];
    }

    private static int IndexOf(Workload workload) => Workload.All.TakeWhile(item => item != workload).Count();

    private sealed class Database(Contestant contestant, string path) : IDisposable
    {
        public IBenchEngine Engine { get; } = contestant.Open(path);

        public void Dispose()
        {
            Engine.Dispose();
            BenchDirectory.Remove(path);
        }
    }
}

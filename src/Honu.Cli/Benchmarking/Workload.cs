namespace Honu.Cli.Benchmarking;

/// <summary>One workload: every key once, on one thread.</summary>
/// <remarks>
/// Database 1 sees fillseq. Database 2 sees the others in the order of <see cref="All"/>; each finds what those before it left.
/// </remarks>
internal sealed class Workload
{
    private readonly Func<Run, int> _body;

    private Workload(string name, bool writes, Func<Run, int> body)
    {
        Name = name;
        Writes = writes;
        _body = body;
    }

    /// <summary>All workloads, in their order.</summary>
    public static IReadOnlyList<Workload> All { get; } =
    [
        new("fillseq", writes: true, static run => Put(run, run.Data.Sequential, valueOffset: 0)),
        new("fillrandom", writes: true, static run => Put(run, run.Data.FillOrder, valueOffset: 0)),
        new("readrandom", writes: false, ReadRandom),
        new("readmissing", writes: false, ReadMissing),
        new("scan", writes: false, Scan),
        new("overwrite", writes: true, static run => Put(run, run.Data.OverwriteOrder, valueOffset: 1)),
        new("overwrite2", writes: true, static run => Put(run, run.Data.OverwriteOrder, valueOffset: 2)),
        new("delete", writes: true, Delete),
    ];

    public string Name { get; }

    /// <summary>Whether it leaves another database behind, so that the workloads after it cannot do without it.</summary>
    public bool Writes { get; }

    /// <summary>Whether it has a database of its own.</summary>
    public bool HasOwnDatabase => Name == "fillseq";

    /// <summary>Runs it on the calling thread.</summary>
    /// <returns>How many operations that were.</returns>
    /// <exception cref="InvalidOperationException">The engine gave another answer than the right one: its time means nothing.</exception>
    public int Execute(IBenchEngine engine, BenchData data, int valueBytes, byte[] buffer, CancellationToken cancellation) =>
        _body(new Run(engine, data, valueBytes, buffer, cancellation));

    /// <summary>Ends a run that the user has interrupted; cheap enough for every operation.</summary>
    public static void CheckNowAndThen(int operation, CancellationToken cancellation)
    {
        if ((operation & 0x3FF) == 0)
            cancellation.ThrowIfCancellationRequested();
    }

    private static int Put(Run run, int[] order, int valueOffset)
    {
        for (var n = 0; n < order.Length; n++)
        {
            var i = order[n];
            run.Engine.Put(run.Data.Key(i), run.Data.Value(i + valueOffset, run.ValueBytes));
            CheckNowAndThen(n, run.Cancellation);
        }

        return order.Length;
    }

    private static int ReadRandom(Run run)
    {
        var order = run.Data.ReadOrder;
        var buffer = run.Buffer.AsSpan();
        for (var n = 0; n < order.Length; n++)
        {
            if (run.Engine.Read(run.Data.Key(order[n]), buffer) != run.ValueBytes)
                throw Wrong($"reading key {order[n]} did not give its {run.ValueBytes} bytes");
            CheckNowAndThen(n, run.Cancellation);
        }

        return order.Length;
    }

    private static int ReadMissing(Run run)
    {
        var order = run.Data.ReadOrder;
        var buffer = run.Buffer.AsSpan();
        for (var n = 0; n < order.Length; n++)
        {
            if (run.Engine.Read(run.Data.MissingKey(order[n]), buffer) >= 0)
                throw Wrong($"a key that was never written was found (number {order[n]})");
            CheckNowAndThen(n, run.Cancellation);
        }

        return order.Length;
    }

    private static int Scan(Run run)
    {
        var entries = run.Engine.Scan(run.Buffer, run.Cancellation);
        return entries == run.Data.Count ? entries : throw Wrong($"a scan saw {entries} of {run.Data.Count} entries");
    }

    private static int Delete(Run run)
    {
        var order = run.Data.DeleteOrder;
        for (var n = 0; n < order.Length; n++)
        {
            run.Engine.Delete(run.Data.Key(order[n]));
            CheckNowAndThen(n, run.Cancellation);
        }

        return order.Length;
    }

    private static InvalidOperationException Wrong(string what) => new($"The benchmark found a wrong answer: {what}.");

    private readonly record struct Run(IBenchEngine Engine, BenchData Data, int ValueBytes, byte[] Buffer, CancellationToken Cancellation);
}

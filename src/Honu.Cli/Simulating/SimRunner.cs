using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Honu.Simulation;

namespace Honu.Cli.Simulating;

/// <summary>Runs experiments on several cores, and only those whose results are not known yet.</summary>
/// <param name="request">What to run.</param>
/// <param name="file">Where results are kept; null for nowhere.</param>
/// <param name="completed">Gets each result in the order of the request, as soon as all before it are there.</param>
internal sealed class SimRunner(SimRequest request, ResultFile? file, Action<ExperimentResult> completed)
{
    private const int StepsPerRun = 1000;

    private readonly Lock _lock = new();
    private readonly ExperimentResult?[] _results = new ExperimentResult?[request.Runs.Count];
    private readonly int[] _steps = new int[request.Runs.Count];
    private int _passedOn;
    private Exception? _failure;

    /// <summary>The steps of which <see cref="Run"/> reports the progress.</summary>
    public long Steps => (long)request.Runs.Count * StepsPerRun;

    /// <summary>How many runs have a result.</summary>
    public int Finished { get; private set; }

    /// <summary>Runs everything.</summary>
    /// <param name="progress">Gets the number of steps done and the number of runs that have ended.</param>
    /// <param name="cancellation">Ends all runs; what has a result keeps it.</param>
    /// <returns>The results, in the order of the request.</returns>
    public IReadOnlyList<ExperimentResult> Run(Action<long, long> progress, CancellationToken cancellation)
    {
        var open = new List<int>();
        for (var i = 0; i < request.Runs.Count; i++)
        {
            if (file?.Find(request.Runs[i].Design, request.Runs[i].Seed) is { } known)
                Finish(i, known, progress);
            else
                open.Add(i);
        }

        // One that fails ends the others: nobody would print what they find.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            // Without buffering: a core that is free takes the next run in order, not one of a share that was dealt out beforehand.
            Parallel.ForEach(
                Partitioner.Create(open, EnumerablePartitionerOptions.NoBuffering),
                new ParallelOptions { MaxDegreeOfParallelism = request.Jobs, CancellationToken = stop.Token },
                i => RunOne(i, progress, stop));
        }
        catch (Exception) when (_failure is not null)
        {
            // The reason, instead of what the end of the others looks like.
            ExceptionDispatchInfo.Throw(_failure);
        }

        return [.. _results.Select(static result => result!)];
    }

    private void RunOne(int index, Action<long, long> progress, CancellationTokenSource stop)
    {
        try
        {
            var result = ExperimentRunner.Run(request.Runs[index], new Share(share => Report(index, (int)(share * (StepsPerRun - 1)), progress)), stop.Token);
            file?.Add(result);
            Finish(index, result, progress);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Whatever it is, it is told once, by the thread that started the runs.
            Interlocked.CompareExchange(ref _failure, error, null);
            stop.Cancel();
            throw;
        }
    }

    private void Finish(int index, ExperimentResult result, Action<long, long> progress)
    {
        lock (_lock)
        {
            Finished++;
            _results[index] = result;
            for (; _passedOn < _results.Length && _results[_passedOn] is { } next; _passedOn++)
                completed(next);
        }

        Report(index, StepsPerRun, progress);
    }

    private void Report(int index, int steps, Action<long, long> progress)
    {
        lock (_lock)
        {
            _steps[index] = steps;
            progress(_steps.Sum(static run => (long)run), Finished);
        }
    }

    // Not Progress<T>: that one calls back later, on some other thread.
    private sealed class Share(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}

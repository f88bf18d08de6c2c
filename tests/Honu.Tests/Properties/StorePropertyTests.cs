using System.Text;
using Honu.Engines;
using Honu.TestKit;

namespace Honu.Tests.Properties;

/// <summary>
/// Goal: the store behaves like <see cref="ModelStore"/> for every sequence of calls, on every engine. Method: random sequences on both, compared at
/// every step and as a whole at the end and after every reopening; a failing sequence is cut down before it is printed.
/// </summary>
/// <remarks><c>HONU_RUNS=1000 HONU_OPERATIONS=2000</c> makes a campaign of it. The tests of another engine compile these files too.</remarks>
public abstract class StorePropertyTests
{
    private const int MaxShrinkRuns = 300;

    /// <summary>The engine underneath.</summary>
    protected abstract IStorageEngineFactory Engine { get; }

    [Fact]
    public void RandomOperations_MatchTheModel()
    {
        var steps = Seeds.Operations(usual: 200);
        Seeds.Run(usualSeed: 10_001, usualRuns: 100, seed => Check(seed, steps));
    }

    /// <summary>Goal: rings of history slots and long chains of parents wrap correctly. Method: few keys, many steps.</summary>
    [Fact]
    public void RandomOperations_LongRun_MatchTheModel() =>
        Seeds.Run(usualSeed: 20_001, usualRuns: 2, seed => Check(seed, steps: 500));

    private void Check(int seed, int steps)
    {
        var operations = new OperationGenerator(seed).Draw(steps);
        var retention = (seed % 4) switch
        {
            0 => Retention.All,
            1 => Retention.Default,
            2 => Retention.Versions(3),
            _ => Retention.ParentsOnly,
        };
        if (Fails(operations, retention) is not { } failure)
            return;
        var (shortest, error) = Shrink(operations, failure, retention);
        var text = new StringBuilder($"{error.Message}{Environment.NewLine}after {shortest.Count} of {steps} operations ({Engine.GetType().Name}, retention {retention}):");
        foreach (var operation in shortest)
            text.AppendLine().Append("  ").Append(operation);
        throw new InvalidOperationException(text.ToString(), error);
    }

    private (IReadOnlyList<StoreOperation> Operations, Exception Error) Shrink(IReadOnlyList<StoreOperation> operations, (int Step, Exception Error) failure, Retention retention)
    {
        var shortest = operations.Take(failure.Step + 1).ToList();
        var error = failure.Error;
        var runs = 0;
        for (var length = shortest.Count / 2; length >= 1; length /= 2)
        {
            for (var start = shortest.Count - length; start >= 0 && runs < MaxShrinkRuns; start -= length, runs++)
            {
                var attempt = shortest.ToList();
                attempt.RemoveRange(start, length);
                if (Fails(attempt, retention) is not { } smaller)
                    continue;
                shortest = [.. attempt.Take(smaller.Step + 1)];
                error = smaller.Error;
                start = Math.Min(start, shortest.Count);
            }
        }

        return (shortest, error);
    }

    /// <summary>Runs from an empty store. The step that failed, or the number of steps when only the final comparison did.</summary>
    private (int Step, Exception Error)? Fails(IReadOnlyList<StoreOperation> operations, Retention retention)
    {
        using var directory = new TestDirectory();
        var step = 0;
        try
        {
            using var machine = new StoreMachine(directory.Combine("store"), Engine, retention);
            for (; step < operations.Count; step++)
                machine.Run(operations[step]);
            machine.CheckAll();
            return null;
        }
        catch (Exception error) // an unexpected exception of the store is as much a finding as a wrong answer
        {
            return (step, error);
        }
    }
}

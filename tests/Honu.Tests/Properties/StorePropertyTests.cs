using System.Text;
using Honu.TestKit;

namespace Honu.Tests.Properties;

/// <summary>
/// Goal: the store behaves like <see cref="ModelStore"/> for every sequence of calls. Method: random sequences on both, compared at every step and as a
/// whole at the end and after every reopening; a failing sequence is cut down before it is printed.
/// </summary>
public class StorePropertyTests
{
    private const int MaxShrinkRuns = 300;

    [Fact]
    public void RandomOperations_InMemory_MatchTheModel() =>
        Seeds.Run(usualSeed: 1, usualRuns: 300, seed => Check(seed, steps: 80, inMemory: true));

    [Fact]
    public void RandomOperations_OnLevelDb_MatchTheModel() =>
        Seeds.Run(usualSeed: 10_001, usualRuns: 100, seed => Check(seed, steps: 80, inMemory: false));

    /// <summary>Goal: rings of history slots and long chains of parents wrap correctly. Method: few keys, many steps.</summary>
    [Fact]
    public void RandomOperations_LongRunOnLevelDb_MatchTheModel() =>
        Seeds.Run(usualSeed: 20_001, usualRuns: 2, seed => Check(seed, steps: 500, inMemory: false));

    private static void Check(int seed, int steps, bool inMemory)
    {
        var operations = new OperationGenerator(seed).Draw(steps);
        if (Fails(operations, inMemory) is not { } failure)
            return;
        var (shortest, error) = Shrink(operations, failure, inMemory);
        var text = new StringBuilder($"{error.Message}{Environment.NewLine}after {shortest.Count} of {steps} operations ({(inMemory ? "in memory" : "LevelDB")}):");
        foreach (var operation in shortest)
            text.AppendLine().Append("  ").Append(operation);
        throw new InvalidOperationException(text.ToString(), error);
    }

    private static (IReadOnlyList<StoreOperation> Operations, Exception Error) Shrink(
        IReadOnlyList<StoreOperation> operations, (int Step, Exception Error) failure, bool inMemory)
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
                if (Fails(attempt, inMemory) is not { } smaller)
                    continue;
                shortest = [.. attempt.Take(smaller.Step + 1)];
                error = smaller.Error;
                start = Math.Min(start, shortest.Count);
            }
        }

        return (shortest, error);
    }

    /// <summary>Runs from an empty store. The step that failed, or the number of steps when only the final comparison did.</summary>
    private static (int Step, Exception Error)? Fails(IReadOnlyList<StoreOperation> operations, bool inMemory)
    {
        using var directory = new TestDirectory();
        var step = 0;
        try
        {
            using var machine = new StoreMachine(inMemory ? null : directory.Combine("store"));
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

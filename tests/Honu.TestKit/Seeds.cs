using System.Globalization;

namespace Honu.TestKit;

/// <summary>
/// Seeds of random tests. Without settings every run of the suite tries the same seeds, so a red build is red for everyone.
/// <c>HONU_SEED</c> starts elsewhere (alone: that seed only), <c>HONU_RUNS</c> says how many seeds to try and <c>HONU_OPERATIONS</c> how long
/// each run is: together they are the nightly run.
/// </summary>
public static class Seeds
{
    private const string SeedVariable = "HONU_SEED";
    private const string RunsVariable = "HONU_RUNS";
    private const string OperationsVariable = "HONU_OPERATIONS";

    /// <summary>The seed of a test that makes one run: <c>HONU_SEED</c>, else <paramref name="usual"/>.</summary>
    public static int Of(int usual) => Read(SeedVariable) ?? usual;

    /// <summary>How many operations a random run has: <c>HONU_OPERATIONS</c>, else <paramref name="usual"/>.</summary>
    public static int Operations(int usual) => Read(OperationsVariable) switch
    {
        null => usual,
        < 1 => throw new InvalidOperationException($"{OperationsVariable} must be at least 1, or the test would pass without running."),
        { } operations => operations,
    };

    /// <summary>Calls <paramref name="body"/> with consecutive seeds; the first failure names its seed and how to repeat it.</summary>
    public static void Run(int usualSeed, int usualRuns, Action<int> body)
    {
        var (first, runs) = Plan(usualSeed, usualRuns);
        for (var run = 0; run < runs; run++)
        {
            var seed = unchecked(first + run);
            try
            {
                body(seed);
            }
            catch (Exception error) // whatever went wrong, the seed is what the reader needs
            {
                throw new SeededTestException(seed, error);
            }
        }
    }

    /// <summary>As <see cref="Run"/>, for a body that awaits.</summary>
    public static async Task RunAsync(int usualSeed, int usualRuns, Func<int, Task> body)
    {
        var (first, runs) = Plan(usualSeed, usualRuns);
        for (var run = 0; run < runs; run++)
        {
            var seed = unchecked(first + run);
            try
            {
                await body(seed);
            }
            catch (Exception error) // whatever went wrong, the seed is what the reader needs
            {
                throw new SeededTestException(seed, error);
            }
        }
    }

    private static (int First, int Runs) Plan(int usualSeed, int usualRuns)
    {
        var seed = Read(SeedVariable);
        var runs = Read(RunsVariable) ?? (seed is null ? usualRuns : 1);
        if (runs < 1)
            throw new InvalidOperationException($"{RunsVariable} is {runs}: it must be at least 1, or the test would pass without running.");
        return (seed ?? usualSeed, runs);
    }

    private static int? Read(string variable)
    {
        var text = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(text))
            return null;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new InvalidOperationException($"{variable} is \"{text}\": it must be a whole number of 32 bits.");
    }
}

/// <summary>A failure of a random test, with the seed that repeats it.</summary>
public sealed class SeededTestException(int seed, Exception inner)
    : Exception($"Seed {seed} failed; repeat it with HONU_SEED={seed}. {inner.Message}", inner)
{
    /// <summary>The seed that failed.</summary>
    public int Seed { get; } = seed;
}

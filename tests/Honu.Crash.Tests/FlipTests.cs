using System.Diagnostics;
using Honu.Crash.Tests.Worker;
using Honu.TestKit;
using Xunit.Abstractions;

namespace Honu.Crash.Tests;

/// <summary>
/// One bit of one file of a closed store is flipped: every read gives the right value or a typed error, and verification finishes. A process of its own
/// reads, so that a crash of the native library is seen as the flip that caused it, and a hang ends.
/// </summary>
public class FlipTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Flip_AnyBitOfAnyFile_GivesTheRightValueOrATypedError()
    {
        using var directory = new TestDirectory();
        FlipScript.Make(directory.Combine("intact"));
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Honu.Crash.Tests" + (OperatingSystem.IsWindows() ? ".exe" : "")), ["flips", directory.Combine("intact"), directory.Combine("scratch")])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync();
            var (right, refused) = (0, 0);
            await Seeds.RunAsync(usualSeed: 1, usualRuns: 200, async seed =>
            {
                await process.StandardInput.WriteLineAsync($"{seed}".AsMemory()).WaitAsync(Patience);
                await process.StandardInput.FlushAsync().WaitAsync(Patience);
                var answer = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience)
                    ?? throw new InvalidOperationException($"The process ended: {await errors.WaitAsync(Patience)}");
                Assert.False(answer.StartsWith("wrong", StringComparison.Ordinal), answer);
                right += answer.StartsWith("right", StringComparison.Ordinal) ? 1 : 0;
                refused += answer.StartsWith("refused", StringComparison.Ordinal) ? 1 : 0;
            });

            output.WriteLine($"{right} flips without effect, {refused} typed errors.");
            Assert.True(refused > 0, "No flip was noticed: the test does not reach the data.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}

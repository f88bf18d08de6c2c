using System.Diagnostics;
using System.Globalization;

namespace Honu.Benchmarks;

/// <summary>How long a large store takes to open, after a clean close and after a kill, and how much memory it takes then.</summary>
/// <remarks>
/// <c>open --keys N</c> starts this program again for each step, so that nothing is warm and memory is that of the step alone.
/// Memory is the anonymous resident set after a walk over all records, less block cache and write buffers as the engine reports them, less
/// the same of a process that has opened a store of one object. On Linux only.
/// </remarks>
internal static class OpenScenario
{
    private const int ValueBytes = 100;

    public static async Task<int> RunAsync(string[] args)
    {
        var keys = args is ["--keys", var number] ? int.Parse(number, CultureInfo.InvariantCulture) : 1_000_000;
        var path = Path.Combine(Path.GetTempPath(), $"honu-open-{Guid.NewGuid():N}");
        var small = path + "-small";
        try
        {
            await StepAsync("fill", small, "1", "close");
            var baseline = (await StepAsync("read", small)).Bytes;
            await StepAsync("fill", path, keys.ToString(CultureInfo.InvariantCulture), "close");
            Print("after a clean close", await StepAsync("read", path), baseline);
            Print("again", await StepAsync("read", path), baseline);
            await StepAsync("fill", path, keys.ToString(CultureInfo.InvariantCulture), "kill");
            Print("after a kill", await StepAsync("read", path), baseline);
            return 0;
        }
        finally
        {
            Delete(path);
            Delete(small);
        }
    }

    /// <summary>One step, in a process of its own.</summary>
    public static int Step(string[] args)
    {
        if (args[0] == "fill")
        {
            Fill(args[1], int.Parse(args[2], CultureInfo.InvariantCulture), kill: args[3] == "kill");
            return 0;
        }

        var clock = Stopwatch.StartNew();
        using var store = HonuStore.Open(args[1]);
        var opened = clock.Elapsed.TotalSeconds;
        if (store.Get(Key(0)) is null)
            throw new InvalidOperationException("a key that was written is not there");
        var read = clock.Elapsed.TotalSeconds;

        // The filter may still be building: its memory counts as well.
        for (var i = 0; i < 10_000; i++)
            store.Get(Key(i * 97));
        GC.Collect();
        var engine = store.GetStatistics().EngineMemoryBytes;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{opened} {read} {AnonymousBytes() - engine}"));
        return 0;
    }

    // Tables are mapped: their pages belong to the system's cache, not to the process.
    private static long AnonymousBytes()
    {
        var line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    private static void Fill(string path, int keys, bool kill)
    {
        var store = HonuStore.Open(path);
        var value = new byte[ValueBytes];
        var random = new Random(1);
        for (var i = 0; i < keys; i++)
        {
            random.NextBytes(value);
            store.Put(Key(i), value);
        }

        if (kill)
            Process.GetCurrentProcess().Kill();
        store.Dispose();
    }

    private static async Task<(double Opened, double Read, long Bytes)> StepAsync(params string[] step)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(OpenScenario).Assembly.Location);
        start.ArgumentList.Add("open-step");
        Array.ForEach(step, start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (step[0] == "fill")
            return default;
        var words = output.Split(' ');
        return (double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture), long.Parse(words[2], CultureInfo.InvariantCulture));
    }

    private static void Print(string when, (double Opened, double Read, long Bytes) step, long baseline) => Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{when}: open {step.Opened:F2} s, first read after {step.Read:F2} s, memory {(step.Bytes - baseline) / 1048576.0:F1} MiB beyond a store of one object, block cache and write buffers"));

    private static void Delete(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    private static byte[] Key(int i) => System.Text.Encoding.ASCII.GetBytes(i.ToString("D16", CultureInfo.InvariantCulture));
}

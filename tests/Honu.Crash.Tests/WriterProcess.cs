using System.Diagnostics;

namespace Honu.Crash.Tests;

/// <summary>A run of the worker. It is ended by its own id only.</summary>
internal sealed class WriterProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _errors;

    public WriterProcess(string path, IEnumerable<int> firstNumbers)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Honu.Crash.Tests" + (OperatingSystem.IsWindows() ? ".exe" : "")))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(path);
        foreach (var number in firstNumbers)
            start.ArgumentList.Add(number.ToString());
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Lets the process write until it has acknowledged <paramref name="operations"/>, kills it, and gives the last acknowledged number of each thread.</summary>
    public async Task<int[]> KillAfter(int operations, int[] acknowledged)
    {
        var last = (int[])acknowledged.Clone();
        for (var i = 0; i < operations; i++)
        {
            var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience)
                ?? throw new InvalidOperationException($"The worker ended by itself: {await _errors.WaitAsync(Patience)}");
            Note(line, last);
        }

        _process.Kill();

        // What it acknowledged between our last line and its end counts as well. A line that was cut off names a smaller number, which does no harm.
        while (await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience) is { } line)
            Note(line, last);
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return last;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private static void Note(string line, int[] last)
    {
        var parts = line.Split(' ');
        if (parts.Length == 2 && int.TryParse(parts[0], out var thread) && int.TryParse(parts[1], out var number))
            last[thread] = Math.Max(last[thread], number);
    }
}

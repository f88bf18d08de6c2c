using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Honu.ReplicationBenchmarks;

/// <summary>A <see cref="Worker"/>, seen from the one who tells it what to do.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private WorkerProcess(Process process) => _process = process;

    public string Address { get; private set; } = "";

    public static async Task<WorkerProcess> StartAsync(string path, uint pid, string address = "-")
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(WorkerProcess).Assembly.Location);
        foreach (var argument in (string[])["node", path, pid.ToString(CultureInfo.InvariantCulture), address])
            start.ArgumentList.Add(argument);
        var worker = new WorkerProcess(Process.Start(start)!);
        worker.Address = (await worker.ReadAsync()).GetProperty("address").GetString()!;
        return worker;
    }

    /// <summary>Tells the worker to do something, and waits for what comes of it.</summary>
    public async Task<JsonElement> AskAsync(string command)
    {
        await _process.StandardInput.WriteLineAsync(command);
        await _process.StandardInput.FlushAsync();
        return await ReadAsync();
    }

    /// <summary>Ends the process without giving it a chance to tidy up.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<JsonElement> ReadAsync()
    {
        var line = await _process.StandardOutput.ReadLineAsync() ?? throw new EndOfStreamException("The worker has ended.");
        using var answer = JsonDocument.Parse(line);
        return answer.RootElement.TryGetProperty("error", out var error) ? throw new InvalidOperationException(error.GetString()) : answer.RootElement.Clone();
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Honu.GrpcBenchmarks;

/// <summary>An implementation that takes part: how its program is started, in either role.</summary>
internal sealed class Peer(string name, string program, params string[] before)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public string Name => name;

    /// <summary>Starts a server; it ends when it is disposed.</summary>
    public async Task<RunningServer> StartServerAsync(Scenario scenario)
    {
        // The concurrency is told because the C++ program chooses the faster of its two APIs by it.
        var process = Start("server", "--port", "0", "--concurrency", Text(scenario.Concurrency));
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience).ConfigureAwait(false);
        return line is not null && line.StartsWith("port ", StringComparison.Ordinal)
            ? new RunningServer(process, int.Parse(line.AsSpan(5), CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"The server of {name} said \"{line}\" instead of its port.");
    }

    /// <summary>Runs a client and returns its line of JSON, with the processor time of the server in the same window.</summary>
    public async Task<JsonObject> RunClientAsync(Scenario scenario, RunningServer server, double seconds, double warmup)
    {
        List<string> arguments =
        [
            "client", "--address", $"127.0.0.1:{Text(server.Port)}", "--scenario", scenario.Kind, "--size", Text(scenario.Size),
            "--concurrency", Text(scenario.Concurrency), "--seconds", Text(seconds), "--warmup", Text(warmup),
        ];
        if (scenario.Hint)
            arguments.Add("--hint");

        using var process = Start([.. arguments]);
        try
        {
            var serverCpu = TimeSpan.Zero;
            while (await process.StandardOutput.ReadLineAsync().WaitAsync(Patience).ConfigureAwait(false) is { } line)
            {
                if (line == "measuring")
                {
                    serverCpu = server.Cpu;
                    continue;
                }

                var result = JsonNode.Parse(line)!.AsObject();
                result["serverCpuMs"] = (server.Cpu - serverCpu).TotalMilliseconds;
                await process.WaitForExitAsync().WaitAsync(Patience).ConfigureAwait(false);
                return result;
            }

            throw new InvalidOperationException($"The client of {name} ended without a result in {scenario.Name}.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);

    private Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo(program, [.. before, .. arguments]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true })!;

    /// <summary>A server that runs.</summary>
    internal sealed class RunningServer(Process process, int port) : IDisposable
    {
        public int Port => port;

        public TimeSpan Cpu
        {
            get
            {
                process.Refresh();
                return process.TotalProcessorTime;
            }
        }

        public void Dispose()
        {
            // The end of its input ends the server; one that still writes into a dead stream is not waited for.
            process.StandardInput.Close();
            if (!process.WaitForExit(TimeSpan.FromSeconds(2)))
                process.Kill();
            process.Dispose();
        }
    }
}

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
        // The C++ program chooses the faster of its APIs by what it is told of the scenario.
        var process = Start(
            "server", "--port", "0", "--scenario", scenario.Kind, "--size", Text(scenario.Size), "--concurrency", Text(scenario.Concurrency));
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience).ConfigureAwait(false);
        return line is not null && line.StartsWith("port ", StringComparison.Ordinal)
            ? new RunningServer(process, int.Parse(line.AsSpan(5), CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"The server of {name} said \"{line}\" instead of its port.");
    }

    /// <summary>Starts a client and waits until it is warm.</summary>
    public async Task<RunningClient> StartClientAsync(Scenario scenario, RunningServer server, double seconds, double warmup)
    {
        List<string> arguments =
        [
            "client", "--address", $"127.0.0.1:{Text(server.Port)}", "--scenario", scenario.Kind, "--size", Text(scenario.Size),
            "--concurrency", Text(scenario.Concurrency), "--seconds", Text(seconds), "--warmup", Text(warmup), "--interactive",
        ];
        if (scenario.Hint)
            arguments.Add("--hint");

        var client = new RunningClient(Start([.. arguments]), server);
        while (await client.ReadLineAsync().ConfigureAwait(false) != "ready")
        {
            // It says when it measures its warm-up.
        }

        return client;
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);

    private Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo(program, [.. before, .. arguments]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true })!;

    private static void End(Process process)
    {
        // The end of its input ends the program.
        process.StandardInput.Close();
        if (!process.WaitForExit(TimeSpan.FromSeconds(5)))
            process.Kill();
        process.Dispose();
    }

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

        public void Dispose() => End(process);
    }

    /// <summary>A client that waits for its next round.</summary>
    internal sealed class RunningClient(Process process, RunningServer server) : IDisposable
    {
        /// <summary>Runs one round and returns the client's line of JSON, with the processor time of the server in the same window.</summary>
        public async Task<JsonObject> RunAsync()
        {
            await process.StandardInput.WriteLineAsync("go").ConfigureAwait(false);
            await process.StandardInput.FlushAsync().ConfigureAwait(false);
            if (await ReadLineAsync().ConfigureAwait(false) is var begin && begin != "measuring")
                throw new InvalidOperationException($"A client said \"{begin}\" instead of the begin of its measurement.");

            var cpu = server.Cpu;
            var result = JsonNode.Parse(await ReadLineAsync().ConfigureAwait(false))!.AsObject();
            result["serverCpuMs"] = (server.Cpu - cpu).TotalMilliseconds;
            return result;
        }

        public async Task<string> ReadLineAsync() =>
            await process.StandardOutput.ReadLineAsync().WaitAsync(Patience).ConfigureAwait(false) ?? throw new InvalidOperationException("A client has failed.");

        public void Dispose() => End(process);
    }
}

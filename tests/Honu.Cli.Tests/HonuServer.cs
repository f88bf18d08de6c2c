using System.Text.Json;

namespace Honu.Cli.Tests;

/// <summary>A running <c>honu serve</c> on a free port of the loopback.</summary>
internal sealed class HonuServer : IDisposable
{
    private readonly HonuProcess _process;

    private HonuServer(HonuProcess process, JsonElement ready)
    {
        _process = process;
        Address = ready.GetProperty("address").GetString()!;
        Pid = ready.GetProperty("pid").GetUInt32();
    }

    public string Address { get; }

    public uint Pid { get; }

    public static Task<HonuServer> Start(string directory, params string[] args) => StartAt("127.0.0.1:0", directory, args);

    public static async Task<HonuServer> StartAt(string address, string directory, params string[] args)
    {
        var process = HonuProcess.StartForLines(["serve", "--db", directory, "--listen", address, "--json", .. args]);
        try
        {
            using var ready = JsonDocument.Parse(await process.NextLine());
            return new HonuServer(process, ready.RootElement);
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    public Task<HonuResult> Run(params string[] args) => HonuProcess.Run([.. args, "--remote", Address]);

    public Task<HonuResult> Terminate() => _process.Terminate();

    public Task Kill() => _process.Kill();

    public void Dispose() => _process.Dispose();
}

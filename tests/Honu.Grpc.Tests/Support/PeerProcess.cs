using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Honu.Grpc.Tests;

/// <summary>A process of this assembly's program (Peers/Program.cs) at the other end of a connection. It is ended and stopped by its own id only.</summary>
internal sealed partial class PeerProcess : IDisposable
{
    private const int SigStop = 19;
    private const int SigCont = 18;

    private readonly ConcurrentDictionary<string, Channel<string[]>> _said = new(StringComparer.Ordinal);
    private readonly Process _process;
    private readonly Task<string> _errors;
    private volatile bool _ended;

    private PeerProcess(string role, int port)
    {
        Assert.True(OperatingSystem.IsLinux(), "the numbers of the signals are those of Linux");
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Honu.Grpc.Tests"))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(role);
        start.ArgumentList.Add(port.ToString());
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
        _ = ListenAsync();
    }

    public int Port { get; private set; }

    public string Address => $"http://127.0.0.1:{Port}";

    /// <summary>Starts a server, on a free port unless one is given.</summary>
    public static Task<PeerProcess> ServeAsync(int port = 0) => StartAsync("serve", port);

    /// <summary>Starts a client of the server at this port.</summary>
    public static Task<PeerProcess> CallAsync(int port) => StartAsync("call", port);

    public void Order(string line) => _process.StandardInput.WriteLine(line);

    /// <summary>The next line that starts with this word, without the word.</summary>
    public async Task<string[]> HearAsync(string word)
    {
        try
        {
            return await Said(word).Reader.ReadAsync().AsTask().Guarded();
        }
        catch (Exception exception) when (exception is ChannelClosedException or TimeoutException)
        {
            var failures = string.Join('\n', Enumerable.Range(0, Said("failed").Reader.Count).Select(_ => Said("failed").Reader.TryRead(out var line) ? string.Join(' ', line) : ""));
            var errors = _process.HasExited ? await _errors.Guarded() : "";
            throw new InvalidOperationException($"The peer did not say \"{word}\": {failures} {errors}", exception);
        }
    }

    /// <summary>What is reachable, what the process holds, and all that it ever allocated, in bytes.</summary>
    public async Task<(long Heap, long WorkingSet, long Allocated)> MemoryAsync()
    {
        Order("memory");
        var words = await HearAsync("memory");
        return (long.Parse(words[0]), long.Parse(words[1]), long.Parse(words[2]));
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().Guarded();
    }

    /// <summary>SIGSTOP: sockets stay, nobody serves them.</summary>
    public void Stop() => Send(SigStop);

    public void Continue() => Send(SigCont);

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private static async Task<PeerProcess> StartAsync(string role, int port)
    {
        var peer = new PeerProcess(role, port);
        try
        {
            peer.Port = int.Parse((await peer.HearAsync("ready"))[0]);
            return peer;
        }
        catch
        {
            // No process outlives its test.
            peer.Dispose();
            throw;
        }
    }

    private Channel<string[]> Said(string word)
    {
        var channel = _said.GetOrAdd(word, static _ => Channel.CreateUnbounded<string[]>());
        if (_ended)
            channel.Writer.TryComplete();
        return channel;
    }

    private async Task ListenAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            Said(words[0]).Writer.TryWrite(words[1..]);
        }

        _ended = true;
        foreach (var channel in _said.Values)
            channel.Writer.TryComplete();
    }

    private void Send(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}

using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace Honu.Cli.Tests;

/// <summary>What a finished command left behind.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">The bytes on stdout.</param>
/// <param name="Error">The text on stderr.</param>
internal sealed record HonuResult(int ExitCode, byte[] Output, string Error)
{
    public string Text => Encoding.UTF8.GetString(Output);

    public string[] Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>The built command, run as a user runs it. Every wait has a guard; a process that outlives it is killed by its own id.</summary>
internal sealed class HonuProcess : IDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    private static readonly string Command = typeof(HonuProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static item => item.Key == "HonuCommand").Value!;

    private readonly Process _process;
    private readonly Task<byte[]> _output;
    private readonly Task<string> _error;
    private readonly LineStream? _lines;

    private HonuProcess(Process process, bool lines)
    {
        _process = process;
        _lines = lines ? new LineStream(process.StandardOutput) : null;
        _output = lines ? Task.FromResult(Array.Empty<byte>()) : ReadAll(process.StandardOutput.BaseStream);
        _error = process.StandardError.ReadToEndAsync();
    }

    public StreamWriter Input => _process.StandardInput;

    public bool HasEnded => _process.HasExited;

    /// <summary>Runs a command to its end.</summary>
    public static Task<HonuResult> Run(params string[] args) => RunWith([], args);

    /// <summary>Runs a command to its end with these bytes on stdin.</summary>
    public static async Task<HonuResult> RunWith(byte[] input, params string[] args)
    {
        using var process = Start(args);
        try
        {
            await process.Input.BaseStream.WriteAsync(input).AsTask().WaitAsync(Guard);
            process.Input.Close();
        }
        catch (IOException)
        {
            // The command ended without reading its input.
        }

        return await process.Finish();
    }

    /// <summary>Runs a command line of the shell, in which $HONU is the command.</summary>
    public static async Task<HonuResult> RunShell(string commandLine)
    {
        using var process = Start("/bin/sh", ["-c", commandLine], lines: false);
        process.Input.Close();
        return await process.Finish();
    }

    /// <summary>Starts a command.</summary>
    public static HonuProcess Start(params string[] args) => Start(args, lines: false);

    /// <summary>Starts a command whose output is read line by line.</summary>
    public static HonuProcess StartForLines(params string[] args) => Start(args, lines: true);

    /// <summary>The next line on stdout.</summary>
    public async Task<string> NextLine()
    {
        var line = await _lines!.Next().WaitAsync(Guard);
        return line ?? throw new InvalidOperationException($"The command ended: {await _error.WaitAsync(Guard)}");
    }

    /// <summary>Reads no more of stdout, as <c>head</c> does.</summary>
    public void CloseOutput() => _process.StandardOutput.Close();

    /// <summary>Waits for the end of the command.</summary>
    public async Task<HonuResult> Finish()
    {
        await _process.WaitForExitAsync().WaitAsync(Guard);
        return new HonuResult(_process.ExitCode, await _output.WaitAsync(Guard), await _error.WaitAsync(Guard));
    }

    /// <summary>Asks the command to stop, as a service manager does.</summary>
    public async Task<HonuResult> Terminate()
    {
        using (var kill = Process.Start(new ProcessStartInfo("kill", ["-TERM", _process.Id.ToString()]) { UseShellExecute = false })!)
            await kill.WaitForExitAsync().WaitAsync(Guard);
        return await Finish();
    }

    /// <summary>Ends the command without giving it a chance to tidy up (SIGKILL).</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Guard);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private static HonuProcess Start(string[] args, bool lines) => Start(Command, args, lines);

    private static HonuProcess Start(string program, string[] args, bool lines)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        start.Environment["HONU"] = Command;
        foreach (var arg in args)
            start.ArgumentList.Add(arg);
        return new HonuProcess(Process.Start(start)!, lines);
    }

    private static async Task<byte[]> ReadAll(Stream stream)
    {
        using var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer);
        return buffer.ToArray();
    }

    private sealed class LineStream(StreamReader reader)
    {
        public Task<string?> Next() => reader.ReadLineAsync();
    }
}

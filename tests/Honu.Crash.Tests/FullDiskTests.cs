using System.Diagnostics;
using Honu.TestKit;

namespace Honu.Crash.Tests;

/// <summary>A real disk that is full: a small file system in memory, in a mount namespace of its own, so that it ends with the worker.</summary>
public sealed class FullDiskTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Put_DiskFullThenRoomMade_LosesNothingAcknowledged(bool synced) => Seeds.RunAsync(1, 4, async seed =>
    {
        Assert.True(OperatingSystem.IsLinux(), "this test mounts a file system in memory, which it can do on Linux only");
        using var directory = new TestDirectory();
        var start = new ProcessStartInfo("unshare") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            Environment.IsPrivilegedProcess ? "-m" : "-rm", "sh", "-c", "mount -t tmpfs -o size=88m honu \"$1\" && exec \"$2\" full \"$1\" \"$3\" \"$4\"", "sh",
            directory.Path, Path.Combine(AppContext.BaseDirectory, "Honu.Crash.Tests"), seed.ToString(), synced.ToString(),
        ];
        Array.ForEach(arguments, start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }

        Assert.True(process.ExitCode == 0, $"the worker failed (it needs util-linux's unshare, and the right to make a mount namespace): {await errors.WaitAsync(Patience)}");
        Assert.StartsWith("ok ", await output.WaitAsync(Patience), StringComparison.Ordinal);
    });
}

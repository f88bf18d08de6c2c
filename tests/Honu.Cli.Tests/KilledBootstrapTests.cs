using System.Globalization;
using System.Text;
using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>An empty replica gets everything while it or the sender is killed, again and again: it goes on where it was, and ends with the same export.</summary>
public sealed class KilledBootstrapTests : IDisposable
{
    private const int Objects = 50_000;
    private const int Kills = 3;

    // What a receiver has written of a session when something is killed: some chunks of about 90.
    private const long WrittenBytes = 1 << 20;

    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Sync_EitherSideIsKilledOnTheWay_GoesOnWhereItWas()
    {
        var (source, target) = (_directory.Combine("source"), _directory.Combine("target"));
        Assert.Equal(0, (await HonuProcess.RunWith(Lines(), "import", "-", "--db", source)).ExitCode);
        using (var made = await HonuServer.Start(target, "--pid", "2", "--interval", "1h"))
            await made.Terminate();
        var sender = await HonuServer.Start(source, "--pid", "1", "--interval", "1h");
        try
        {
            // The receiver listens nowhere, so that no session but these brings it anything.
            for (var kill = 0; kill < Kills; kill++)
            {
                using var receiver = HonuProcess.Start("sync", "--db", target, "--with", sender.Address);
                await GrownOrEnded(receiver, target, Size(target) + WrittenBytes);
                if (kill % 2 == 0)
                {
                    await receiver.Kill();
                }
                else
                {
                    await sender.Kill();
                    sender.Dispose();

                    // All may have arrived before the kill; the first one strikes early enough.
                    Assert.Contains((await receiver.Finish()).ExitCode, new[] { 6, kill == 0 ? 6 : 0 });
                    sender = await HonuServer.Start(source, "--pid", "1", "--interval", "1h");
                }

                if (kill == 0)
                    Assert.InRange(await Count(target), 1, Objects - 1);
            }

            var held = await Count(target);
            var last = await HonuProcess.Run("sync", "--db", target, "--with", sender.Address, "--json");
            Assert.True(last.ExitCode == 0, last.Error);

            // Records and cursor are written together, and what a killed process has written stays.
            using var report = JsonDocument.Parse(last.Text);
            Assert.Equal(Objects - held, report.RootElement.GetProperty("objectsReceived").GetInt64());
            Assert.Equal((await sender.Run("export")).Output, (await HonuProcess.Run("export", "--db", target)).Output);
        }
        finally
        {
            sender.Dispose();
        }
    }

    private static async Task<long> Count(string directory) => long.Parse((await HonuProcess.Run("count", "--db", directory)).Text, CultureInfo.InvariantCulture);

    private static async Task GrownOrEnded(HonuProcess receiver, string directory, long bytes)
    {
        using var patience = new CancellationTokenSource(Guard.DefaultTimeout);
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (Size(directory) < bytes && !receiver.HasEnded)
            await ticks.WaitForNextTickAsync(patience.Token);
    }

    private static long Size(string directory)
    {
        long sum = 0;
        if (!Directory.Exists(directory))
            return sum;
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            try
            {
                sum += file.Length;
            }
            catch (FileNotFoundException)
            {
                // The engine has removed it meanwhile.
            }
        }

        return sum;
    }

    private static byte[] Lines()
    {
        var text = new StringBuilder();
        var random = new Random(1);

        // Not to be compressed: the size of the directory tells how far the receiver is.
        var value = new byte[200];
        for (var i = 0; i < Objects; i++)
        {
            random.NextBytes(value);
            text.Append(CultureInfo.InvariantCulture, $"{{\"key\":\"key/{i:D6}\",\"value\":\"{Convert.ToHexString(value)}\"}}\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Grpc.Core;
using Honu.TestKit;
using Xunit.Abstractions;

namespace Honu.Hosting.Tests.Hostile;

/// <summary>
/// What attacks cost those who read locally. Only with <c>HONU_HOSTILE_LATENCY</c> = number of rounds: a second of reads without attacks,
/// one while another store of the process is attacked (the attackers take processors, too), and one under attack, by turns, so that whatever else
/// the machine does falls on all. Prints; figures are for documents, not for a build.
/// </summary>
public sealed class HostileLatencyTests(ITestOutputHelper output)
{
    private const int Objects = 10_000;
    private const int Attackers = 2;
    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(1);

    // What waits for a timeout, or needs a target of its own, says nothing here.
    private static readonly HostileCase[] Attacks =
    [
        .. HelloCases.All.Concat(StreamCases.All).Concat(RepairCases.All).Where(static one =>
            one is { Grants: null, Objects: 40 } && !one.Expected.Contains("Retry", StringComparison.Ordinal) && one.Expected is not ("closed" or "completed")
            && !one.Name.Contains("again", StringComparison.Ordinal) && !one.Name.Contains("replayed", StringComparison.Ordinal)),
    ];

    private int _next;

    [Fact]
    public async Task LocalReads_WithAndWithoutAttacks_Print()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable("HONU_HOSTILE_LATENCY"), NumberStyles.None, CultureInfo.InvariantCulture, out var pairs))
            return;
        await using var target = await HostileTarget.Start(Objects);
        await using var neighbour = await HostileTarget.Start(Objects);
        var ratios = new List<(double ToQuiet, double ToBusy)>();
        for (var pair = 0; pair < pairs; pair++)
        {
            var quiet = await Task.Run(() => Read(target.Store));
            var (busy, _) = await ReadDuringAttacks(target.Store, neighbour);
            var (attacked, attacks) = await ReadDuringAttacks(target.Store, target);
            ratios.Add((attacked.NinetyNine / quiet.NinetyNine, attacked.NinetyNine / busy.NinetyNine));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"p50/p99 in us: quiet {quiet.Half:F2}/{quiet.NinetyNine:F2}, neighbour attacked {busy.Half:F2}/{busy.NinetyNine:F2}, attacked {attacked.Half:F2}/{attacked.NinetyNine:F2} ({attacks} attacks)"));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median ratio of p99: attacked to quiet {Median(ratios.Select(static one => one.ToQuiet)):F2}, attacked to neighbour attacked {Median(ratios.Select(static one => one.ToBusy)):F2}; {pairs} rounds, {Attackers} attackers without pause"));
    }

    private async Task<((double Half, double NinetyNine) Reads, int Attacks)> ReadDuringAttacks(HonuStore read, HostileTarget attacked)
    {
        using var stop = new CancellationTokenSource();
        var before = _next;
        var attacking = Task.WhenAll(Enumerable.Range(0, Attackers).Select(_ => Task.Run(() => AttackUntil(attacked, stop.Token))));
        var times = await Task.Run(() => Read(read));
        await stop.CancelAsync();
        await Guard.Within(attacking, TimeSpan.FromSeconds(60));
        return (times, _next - before);
    }

    private async Task AttackUntil(HostileTarget target, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using var peer = new HostilePeer(target);
            try
            {
                await Attacks[Interlocked.Increment(ref _next) % Attacks.Length].Attack(peer);
                await peer.End();
            }
            catch (Exception error) when (error is EndOfStreamException or RpcException or InvalidOperationException)
            {
                // One attack may stand in the way of another.
            }
        }
    }

    private static (double Half, double NinetyNine) Read(HonuStore store)
    {
        var keys = Enumerable.Range(0, Objects).Select(static i => Encoding.UTF8.GetBytes($"key/{i:D6}")).ToArray();
        var random = new Random(1);
        var ticks = new List<long>(1 << 20);
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < Phase)
        {
            var before = Stopwatch.GetTimestamp();
            store.Get(keys[random.Next(keys.Length)]);
            ticks.Add(Stopwatch.GetTimestamp() - before);
        }

        ticks.Sort();
        return (Microseconds(ticks[ticks.Count / 2]), Microseconds(ticks[ticks.Count * 99 / 100]));
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}

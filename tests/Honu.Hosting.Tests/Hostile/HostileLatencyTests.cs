using System.Diagnostics;
using System.Globalization;
using System.Text;
using Grpc.Core;
using Honu.TestKit;
using Xunit.Abstractions;

namespace Honu.Hosting.Tests.Hostile;

/// <summary>
/// What attacks cost those who read locally. Only with <c>HONU_HOSTILE_LATENCY</c> = number of pairs: a second of reads without attacks
/// and one during them, by turns, so that whatever else the machine does falls on both. Prints; figures are for documents, not for a build.
/// </summary>
public sealed class HostileLatencyTests(ITestOutputHelper output)
{
    private const int Objects = 10_000;
    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(1);

    // What waits for a timeout, or needs a target of its own, says nothing here.
    private static readonly HostileCase[] Attacks =
    [
        .. HelloCases.All.Concat(StreamCases.All).Concat(RepairCases.All).Where(static one =>
            one is { Grants: null, Objects: 40 } && !one.Expected.Contains("Retry", StringComparison.Ordinal) && one.Expected is not ("closed" or "completed")
            && !one.Name.Contains("again", StringComparison.Ordinal) && !one.Name.Contains("replayed", StringComparison.Ordinal)),
    ];

    [Fact]
    public async Task LocalReads_WithAndWithoutAttacks_Print()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable("HONU_HOSTILE_LATENCY"), NumberStyles.None, CultureInfo.InvariantCulture, out var pairs))
            return;
        await using var target = await HostileTarget.Start(Objects);
        var ratios = new List<(double Half, double NinetyNine)>();
        for (var pair = 0; pair < pairs; pair++)
        {
            var quiet = await Task.Run(() => Read(target.Store));
            using var stop = new CancellationTokenSource();
            var attacking = Task.Run(() => AttackUntil(target, stop.Token));
            var attacked = await Task.Run(() => Read(target.Store));
            await stop.CancelAsync();
            var attacks = await Guard.Within(attacking, TimeSpan.FromSeconds(60));
            ratios.Add((attacked.Half / quiet.Half, attacked.NinetyNine / quiet.NinetyNine));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"quiet p50 {quiet.Half:F2} us p99 {quiet.NinetyNine:F2} us, {attacks} attacks: p50 {attacked.Half:F2} us p99 {attacked.NinetyNine:F2} us; reads {quiet.Reads}, {attacked.Reads}"));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median ratio: p50 {Median(ratios.Select(static one => one.Half)):F2}, p99 {Median(ratios.Select(static one => one.NinetyNine)):F2} over {pairs} pairs"));
    }

    private static async Task<int> AttackUntil(HostileTarget target, CancellationToken stop)
    {
        var count = 0;
        for (; !stop.IsCancellationRequested; count++)
        {
            using var peer = new HostilePeer(target);
            try
            {
                await Attacks[count % Attacks.Length].Attack(peer);
                await peer.End();
            }
            catch (Exception error) when (error is EndOfStreamException or RpcException or InvalidOperationException)
            {
                // One attack may stand in the way of another.
            }
        }

        return count;
    }

    private static (double Half, double NinetyNine, int Reads) Read(HonuStore store)
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
        return (Microseconds(ticks[ticks.Count / 2]), Microseconds(ticks[ticks.Count * 99 / 100]), ticks.Count);
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}

using System.Diagnostics;
using System.Globalization;
using Honu.Replication;
using Xunit.Abstractions;

namespace Honu.Hosting.Tests.Hostile;

/// <summary>
/// What a hostile peer may try over a real connection: each attack ends with a typed reason, changes no object and no vector, and leaves
/// a replica that good peers synchronize with. The time of each is printed; <c>HONU_HOSTILE_TABLE</c> names a file that gets all as lines of a table.
/// </summary>
public sealed class HostilePeerTests(ITestOutputHelper output)
{
    // A stranger has 4 s, a peer 4.5 s; the rest is for a machine that does other things beside.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private static readonly IReadOnlyDictionary<string, HostileCase> Cases =
        HelloCases.All.Concat(StreamCases.All).Concat(RepairCases.All).Concat(PushCases.All).ToDictionary(static one => one.Name, StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Attack_EndsWithAReasonAndChangesNothing(string name)
    {
        var attack = Cases[name];
        await using var target = await HostileTarget.Start(attack.Objects, attack.Grants, attack.Dissemination);
        await attack.Before(target);
        var (before, seed) = (attack.Ignoring(target.Fingerprint()), await target.SeedState());

        var started = Stopwatch.GetTimestamp();
        string end;
        using (var peer = new HostilePeer(target))
        {
            await attack.Attack(peer);
            end = await peer.End();
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        Report(name, end, elapsed);
        Assert.Contains(end, attack.Expected.Split('|'));
        Assert.InRange(elapsed, TimeSpan.Zero, Limit);
        Assert.Equal(before, attack.Ignoring(target.Fingerprint()));
        Assert.Equal(seed, await target.SeedState());
        await target.SyncGoodPeer(3);
    }

    // What the attacks by pushes are made of: without it they might fail for another reason than their own.
    [Fact]
    public async Task Push_ThatIsGood_IsTaken()
    {
        await using var target = await HostileTarget.Start(dissemination: Dissemination.RegionRelay);
        await PushCases.Introduce(target);
        using var peer = new HostilePeer(target);

        await PushCases.Send(peer, PushCases.Good(peer));

        Assert.Equal("Accepted", await peer.End());
        Assert.Equal("v"u8.ToArray(), target.Store.Get("hostile"u8));
    }

    private void Report(string name, string end, TimeSpan elapsed)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {end} after {elapsed.TotalMilliseconds:F0} ms"));
        if (Environment.GetEnvironmentVariable("HONU_HOSTILE_TABLE") is { Length: > 0 } file)
            File.AppendAllText(file, string.Create(CultureInfo.InvariantCulture, $"| {name} | {end} | {elapsed.TotalMilliseconds:F0} |\n"));
    }
}

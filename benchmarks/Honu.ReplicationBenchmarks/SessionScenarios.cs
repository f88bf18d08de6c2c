using System.Diagnostics;
using System.Globalization;
using Honu.Engines;
using Honu.Format;
using Honu.Replication;

namespace Honu.ReplicationBenchmarks;

/// <summary>Single sessions on kept connections: equal stores, one object that differs, and a hundred that were lost.</summary>
internal static class SessionScenarios
{
    private const int Origins = 44;

    public static async Task EqualAsync(Figures figures, string directory, int objects, int sessions)
    {
        await using var few = await Pair.StartAsync(Path.Combine(directory, "few"), 1000, Origins);
        await using var many = await Pair.StartAsync(Path.Combine(directory, "many"), objects, Origins);
        List<double> ofFew = [], ofMany = [];
        SyncReport? last = null;

        // In turns, so that what the machine does meanwhile strikes both alike; the first ones warm up.
        for (var i = -sessions / 4; i < sessions; i++)
        {
            var small = await few.SyncAsync();
            var large = last = await many.SyncAsync();
            if (small.Outcome != SyncOutcome.Equal || large.Outcome != SyncOutcome.Equal)
                throw new InvalidOperationException("stores that should be equal are not");
            if (i < 0)
                continue;
            ofFew.Add(small.Duration.TotalMilliseconds);
            ofMany.Add(large.Duration.TotalMilliseconds);
        }

        const string Name = "equal, 45 origins";
        figures.Add(Name, "round trips", last!.RoundTrips, "", atMost: 1);
        figures.Add(Name, "both ways", last.BytesSent + last.BytesReceived, "B", atMost: 1024);
        figures.Add(Name, "1,000 objects, median", Figures.Median(ofFew), "ms");
        figures.Add(Name, string.Create(CultureInfo.InvariantCulture, $"{objects:N0} objects, median"), Figures.Median(ofMany), "ms");
        figures.Add(Name, "ratio", Figures.Median([.. ofMany.Zip(ofFew, static (large, small) => large / small)]), "", atMost: 1.5);
    }

    public static async Task OneDiffersAsync(Figures figures, string directory, int objects, int sessions)
    {
        await OneDiffersAsync(figures, Path.Combine(directory, "few"), objects, origins: 0, sessions);
        await OneDiffersAsync(figures, Path.Combine(directory, "many"), objects, Origins, sessions);
    }

    private static async Task OneDiffersAsync(Figures figures, string directory, int objects, int origins, int sessions)
    {
        await using var pair = await Pair.StartAsync(directory, objects, origins);
        var value = new byte[Data.ValueBytes];
        var random = new Random(7);
        foreach (var (side, writer) in new[] { ("initiator", pair.One), ("responder", pair.Two) })
        {
            var name = $"one differs, at the {side}, {(origins == 0 ? "1 or 2" : origins + 1)} origins";
            List<double> times = [], bytes = [], trips = [];
            for (var i = -sessions / 4; i < sessions; i++)
            {
                random.NextBytes(value);
                writer.Store.Put(Data.Key(random.Next(objects)), value);
                var report = await pair.SyncAsync();
                if (report.ObjectsSent + report.ObjectsReceived != 1)
                    throw new InvalidOperationException($"{report.ObjectsSent} objects were sent and {report.ObjectsReceived} received, where one differs");
                if (i < 0)
                    continue;
                times.Add(report.Duration.TotalMilliseconds);
                bytes.Add(report.BytesSent + report.BytesReceived);
                trips.Add(report.RoundTrips);
            }

            figures.Add(name, "round trips, median", Figures.Median(trips), "");
            figures.Add(name, "both ways, median", Figures.Median(bytes), "B", atMost: 2048);
            figures.Add(name, "both ways, most", bytes.Max(), "B");
            figures.Add(name, "median", Figures.Median(times), "ms", atMost: 10);
            figures.Add(name, "p99", Figures.Quantile(times, 0.99), "ms");
        }
    }

    public static async Task RepairAsync(Figures figures, string directory, int objects)
    {
        const int Lost = 100;
        var path = Path.Combine(directory, "repair");
        await using (await Pair.StartAsync(path, objects, origins: 0))
        {
        }

        // Half of them here, half of them there, behind the back of the closed stores.
        foreach (var (name, offset) in new[] { ("1", 0), ("2", objects / (2 * Lost)) })
        {
            using var engine = LevelDbEngine.Factory.Open(Path.Combine(path, name), new HonuStoreOptions());
            using var batch = engine.CreateBatch();
            for (var i = 0; i < Lost / 2; i++)
                batch.Delete(KeySpaces.CurrentKey(new byte[KeySpaces.MaxKeyBytes], 0, Data.Key(offset + (i * (objects / Lost)))));
            engine.Write(batch, sync: true);
        }

        await using var pair = await Pair.ReopenAsync(path);
        var clock = Stopwatch.StartNew();
        var report = await pair.One.Replica.VerifyAsync(pair.Two.Address, CancellationToken.None);
        var seconds = clock.Elapsed.TotalSeconds;
        if (report.ObjectsRepaired != Lost || pair.One.Store.Namespace(HonuStore.DefaultNamespace).Count() != objects || Data.Hash(pair.One.Store) != Data.Hash(pair.Two.Store))
            throw new InvalidOperationException($"{report.ObjectsRepaired} of {Lost} objects were repaired");
        const string Name = "repair of 100";
        figures.Add(Name, "round trips", report.RoundTrips, "", atMost: 5);
        figures.Add(Name, "both ways, with the objects", report.BytesSent + report.BytesReceived, "B");
        figures.Add(Name, "both ways, beside keys and values", report.BytesSent + report.BytesReceived - (Lost * (16 + Data.ValueBytes)), "B", atMost: 256 << 10);
        figures.Add(Name, "time", seconds, "s");
        clock.Restart();
        var again = await pair.One.Replica.VerifyAsync(pair.Two.Address, CancellationToken.None);
        figures.Add(Name, "time of another comparison, nothing lost", clock.Elapsed.TotalSeconds, "s");
        if (again.ObjectsRepaired != 0)
            throw new InvalidOperationException("a repair did not hold");
    }

    /// <summary>Two nodes of this process, of which the first opens the sessions.</summary>
    private sealed class Pair(Node one, Node two) : IAsyncDisposable
    {
        public Node One => one;

        public Node Two => two;

        public static async Task<Pair> StartAsync(string path, int objects, int origins)
        {
            var pair = await ReopenAsync(path);
            Data.Fill(pair.One.Store, objects);
            Data.AddOrigins(pair.One.Store, path, origins);
            await pair.SyncAsync();
            return pair;
        }

        public static async Task<Pair> ReopenAsync(string path) =>
            new(await Node.StartAsync(Path.Combine(path, "1"), 1), await Node.StartAsync(Path.Combine(path, "2"), 2));

        public Task<SyncReport> SyncAsync() => one.Replica.SyncAsync(two.Address, CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            await one.DisposeAsync();
            await two.DisposeAsync();
        }
    }
}

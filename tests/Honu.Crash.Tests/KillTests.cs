using System.Text;
using Honu.Crash.Tests.Worker;
using Honu.Format;
using Honu.TestKit;

namespace Honu.Crash.Tests;

/// <summary>
/// A process that writes from several threads is killed (SIGKILL) at a random moment, and the store is opened again: each thread's keys hold exactly what its
/// acknowledged operations left, or that and the one operation that was under way, never a part of it. Then the next process goes on from there.
/// </summary>
public class KillTests
{
    private const int Threads = 3;
    private const int KillsPerStore = 4;

    [Fact]
    public Task Kill_WhileThreadsWrite_LosesNothingAcknowledgedAndHalvesNoBatch() => Seeds.RunAsync(usualSeed: 1, usualRuns: 6, static async seed =>
    {
        var random = new Random(seed);
        using var directory = new TestDirectory();
        var path = directory.Combine("store");
        var done = new int[Threads];
        ReplicaId? replica = null;
        for (var kill = 0; kill < KillsPerStore; kill++)
        {
            // 0: while it starts, perhaps before it has opened the store.
            var operations = random.Next(4) == 0 ? 0 : random.Next(1, 1500);
            using (var process = new WriterProcess(path, done.Select(static number => number + 1)))
                done = await process.KillAfter(operations, done);

            using var store = HonuStore.Open(path, WriterScript.Options);
            for (var thread = 0; thread < Threads; thread++)
                done[thread] = FindState(store, thread, done[thread]);
            Assert.Equal(replica ??= store.Identity.Replica, store.Identity.Replica);
            CheckConsistency(store);
        }
    });

    // The state after the acknowledged operations, or after one more; gives the number of operations that the store holds.
    private static int FindState(HonuStore store, int thread, int acknowledged)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in store.Scan(ScanOptions.WithPrefix(Encoding.UTF8.GetBytes(WriterScript.Prefix(thread)))))
            found.Add(Encoding.UTF8.GetString(entry.Key), Encoding.UTF8.GetString(entry.Value));
        for (var count = acknowledged; count <= acknowledged + 1; count++)
        {
            if (WriterScript.StateAfter(thread, count).SequenceEqual(found))
                return count;
        }

        var expected = WriterScript.StateAfter(thread, acknowledged);
        var missing = expected.Where(pair => !found.TryGetValue(pair.Key, out var value) || value != pair.Value).Select(static pair => pair.Key);
        var surplus = found.Keys.Where(key => !expected.ContainsKey(key));
        throw new InvalidOperationException($"Thread {thread} after {acknowledged} acknowledged operations: missing or older [{string.Join(", ", missing)}], not expected [{string.Join(", ", surplus)}]");
    }

    // The index, the vector, history and the records tell the same story: a replica that pulls everything ends with an equal scan.
    private static void CheckConsistency(HonuStore store)
    {
        var replication = store.Replication.State(HonuStore.DefaultNamespace);
        var (vector, loose) = (replication.Vector, replication.LooseRecords);
        Assert.Equal(0, loose);
        using var replica = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 2 });
        var block = new RecordBlockWriter();
        using (var snapshot = store.Replication.CreateSnapshot())
        {
            VersionId position = default;
            do
            {
                block.Clear();
                position = snapshot.ReadUncovered(HonuStore.DefaultNamespace, new VersionVector(), position, block, 512, 256 << 10);
                replica.Replication.Apply(HonuStore.DefaultNamespace, block.Bytes.Span, cursor: null, position.IsNone ? new VectorJoin(new VersionVector(), vector) : null);
            }
            while (!position.IsNone);
        }

        var everything = new ScanOptions { IncludeTombstones = true };
        var copy = replica.Scan(everything).GetEnumerator();
        foreach (var entry in store.Scan(everything))
        {
            Assert.True(copy.MoveNext(), "The index lacks an object that a scan finds.");
            Assert.Equal(entry.Key, copy.Current.Key);
            Assert.Equal(entry.Version, copy.Current.Version);
            Assert.Equal(entry.Value, copy.Current.Value);
            Assert.True(vector.Covers(entry.Version.Id));
            CheckHistory(store, entry);
        }

        Assert.False(copy.MoveNext(), "The index holds an object that a scan does not find.");
        copy.Dispose();
        Assert.Equal(store.Replication.Summaries(), replica.Replication.Summaries());
    }

    private static void CheckHistory(HonuStore store, HonuEntry entry)
    {
        var history = store.History(entry.Key);
        Assert.Equal(entry.Version, history[0].Version);
        for (var i = 1; i < history.Count; i++)
            Assert.Equal(history[i].Version.Id, history[i - 1].Version.Parent);
        Assert.True(history.Count == 10 || history[^1].Version.Parent.IsNone, "History has a gap.");
    }
}

using System.Text;
using Honu.TestKit;
using Honu.Tests.Store;

namespace Honu.Tests.Watching;

/// <summary>
/// Goal: no change is ever missed. Method: a reader keeps a copy of the store by watching it; it is slow, has a tiny buffer, and is started again from
/// its last token (or an earlier one) at random moments, while keys are overwritten, deleted, replicated in part or with a join, and the store is reopened.
/// When it has read everything, its copy equals the store, tombstones included, and on the way no key ever went back to an older version.
/// </summary>
public sealed class WatchPropertyTests
{
    [Fact]
    public Task SlowAndRestartedWatcher_InMemory_EndsWithACopyOfTheStore() =>
        Seeds.RunAsync(usualSeed: 1, usualRuns: 200, static seed => Check(seed, inMemory: true));

    [Fact]
    public Task SlowAndRestartedWatcher_OnLevelDb_EndsWithACopyOfTheStore() =>
        Seeds.RunAsync(usualSeed: 50_001, usualRuns: 100, static seed => Check(seed, inMemory: false));

    private static async Task Check(int seed, bool inMemory)
    {
        var random = new Random(seed);
        using var open = new OpenStore(inMemory, new HonuStoreOptions { Pid = 2, Clock = random.Next(2) == 0 ? VersionClock.Hybrid : VersionClock.Lamport });

        // One peer sorts before the store's own replica in the index, one after it.
        HonuStore[] peers = [PeerStore.Open(open, pid: 1), PeerStore.Open(open, pid: 3)];
        await using var copy = new StoreCopy(random);
        copy.Start(open.Store);
        for (var step = 0; step < 80; step++)
        {
            switch (random.Next(12))
            {
                case < 4:
                    Write(open.Store, random);
                    break;
                case 4:
                    WriteBatch(open.Store, random);
                    break;
                case 5 or 6:
                    Write(peers[random.Next(2)], random);
                    break;
                case 7:
                    Exchange(open.Store, peers, random);
                    break;
                case 8 when !inMemory && random.Next(3) == 0:
                    await copy.Stop();
                    var reopened = open.Reopen();
                    if (random.Next(2) == 0)
                        Write(reopened, random);
                    copy.Start(reopened);
                    break;
                case 9 when random.Next(2) == 0:
                    await copy.Stop();
                    for (var i = random.Next(3); i > 0; i--)
                        Write(open.Store, random);
                    copy.Start(open.Store);
                    break;
                case 10 when random.Next(4) == 0:
                    open.Store.Compact();
                    break;
                default:
                    copy.Read(random.Next(5));
                    break;
            }
        }

        if (random.Next(2) == 0)
        {
            foreach (var ns in Spaces)
                PeerStore.Sync(peers[0], open.Store, ns);
        }

        await copy.ReadAll(open.Store);
        copy.AssertEqual(open.Store);
        foreach (var peer in peers)
            peer.Dispose();
    }

    private static readonly string[] Spaces = ["a", "b"];

    private static void Write(HonuStore store, Random random)
    {
        var ns = store.Namespace(Spaces[random.Next(2)]);
        var key = Encoding.UTF8.GetBytes($"k{random.Next(12)}");
        if (random.Next(4) == 0)
            ns.Delete(key);
        else
            ns.Put(key, Encoding.UTF8.GetBytes($"{random.Next()}"));
    }

    private static void WriteBatch(HonuStore store, Random random)
    {
        var batch = new HonuWriteBatch();
        for (var i = random.Next(1, 5); i > 0; i--)
            batch.Put(Spaces[random.Next(2)], Encoding.UTF8.GetBytes($"k{random.Next(12)}"), Encoding.UTF8.GetBytes($"{random.Next()}"));
        store.Write(batch);
    }

    private static void Exchange(HonuStore store, HonuStore[] peers, Random random)
    {
        var (ns, peer) = (Spaces[random.Next(2)], peers[random.Next(2)]);
        switch (random.Next(4))
        {
            case 0:
                PeerStore.Sync(store, peer, ns);
                break;
            case 1:
                PeerStore.Send(peer, store, ns, random.Next(1, 6));
                break;
            case 2:
                PeerStore.Sync(peers[0], peers[1], ns);
                break;
            default:
                PeerStore.Sync(peer, store, ns);
                break;
        }
    }

    /// <summary>What a reader of changes believes the store to hold.</summary>
    private sealed class StoreCopy(Random random) : IAsyncDisposable
    {
        private readonly Dictionary<string, HonuChange> _objects = new(StringComparer.Ordinal);
        private readonly List<string> _tokens = [];
        private WatchReader? _reader;

        public void Start(HonuStore store)
        {
            // Now and then a token that is older than what was read since, as after a crash of the reader.
            var token = _tokens.Count == 0 ? null : WatchToken.Parse(_tokens[^(1 + (random.Next(3) == 0 ? random.Next(Math.Min(4, _tokens.Count)) : 0))]);
            _reader = new WatchReader(store, new WatchOptions { Token = token, FromStart = token is null, MaxBufferedChanges = random.Next(1, 6) });
        }

        public async Task Stop()
        {
            if (_reader is not null)
                await _reader.DisposeAsync();
            _reader = null;
        }

        public void Read(int count)
        {
            for (var i = 0; i < count && _reader!.TryNext(out var change); i++)
                Apply(change!);
        }

        public async Task ReadAll(HonuStore store)
        {
            var last = store.Namespace("b").Put("~end"u8, ""u8).Id;
            HonuChange change;
            do
            {
                change = await _reader!.Next();
                Apply(change);
            }
            while (change.Version.Id != last);

            // A walk over the index may have more to tell behind the last write: everything that is there now is not more than what the token says is missing.
            await Stop();
            await using var rest = new WatchReader(store, new WatchOptions { Token = WatchToken.Parse(_tokens[^1]), EndWhenCaughtUp = true });
            foreach (var missing in await rest.ToEnd())
                Apply(missing);
        }

        public void AssertEqual(HonuStore store)
        {
            var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var name in store.Namespaces)
            {
                foreach (var entry in store.Namespace(name).Scan(new ScanOptions { IncludeTombstones = true }))
                    expected[$"{name}/{Encoding.UTF8.GetString(entry.Key)}"] = $"{entry.Version.Id} {entry.Version.IsDeleted} {Encoding.UTF8.GetString(entry.Value)}";
            }

            var found = _objects.ToDictionary(static item => item.Key, static item => $"{item.Value.Version.Id} {item.Value.Version.IsDeleted} {Encoding.UTF8.GetString(item.Value.Value.Span)}", StringComparer.Ordinal);
            Assert.Equal(expected, new SortedDictionary<string, string>(found, StringComparer.Ordinal));
        }

        public async ValueTask DisposeAsync() => await Stop();

        private void Apply(HonuChange change)
        {
            var key = $"{change.Namespace}/{Encoding.UTF8.GetString(change.Key.Span)}";
            if (_objects.TryGetValue(key, out var known) && known.Version.Id != change.Version.Id)
                Assert.True(VersionOrder.Wins(change.Version.Id, known.Version.Id), $"{key} went back from {known.Version.Id} to {change.Version.Id}");
            _objects[key] = change;
            _tokens.Add(change.Token.ToString());
        }
    }
}

using System.Buffers;
using Honu.Engines;
using Honu.TestKit;

namespace Honu.Tests.Properties;

/// <summary>Runs one step on a real store and on the model, and compares everything that both say about it.</summary>
internal sealed class StoreMachine : IDisposable
{
    private static readonly EqualityComparer<byte[]> KeyEquality = EqualityComparer<byte[]>.Create(
        static (a, b) => a.AsSpan().SequenceEqual(b), static key => key.Length);

    private readonly string _path;
    private readonly IStorageEngineFactory _engine;
    private readonly ManualTimeProvider _time = new();
    private readonly Dictionary<long, VersionId> _ids = [];
    private readonly Queue<(HonuSnapshot Snapshot, ModelStore Model)> _snapshots = new();
    private readonly Retention _retention;
    private readonly ModelStore _model;
    private HonuStore _store;
    private ulong _lastScalar;

    /// <param name="path">The directory of the store; not touched by an engine that has none.</param>
    /// <param name="engine">The engine underneath. One without a directory is not reopened.</param>
    /// <param name="retention">How much of the past it keeps.</param>
    public StoreMachine(string path, IStorageEngineFactory engine, Retention retention)
    {
        _retention = retention;
        _model = new ModelStore { HistoryLength = retention.Count };
        _path = path;
        _engine = engine;
        _store = Open();
    }

    public void Run(StoreOperation operation)
    {
        switch (operation)
        {
            case StoreOperation.Put put:
                Learn(_model.Put(put.Space, put.Key, put.Value), Space(put.Space).Put(put.Key, put.Value), put.Space, put.Key);
                break;
            case StoreOperation.TryPut tryPut:
                TryPut(tryPut);
                break;
            case StoreOperation.Delete delete:
                Delete(delete);
                break;
            case StoreOperation.Batch batch:
                Write(batch);
                break;
            case StoreOperation.Read read:
                CheckObject(_model, new StoreView(_store), read.Space, read.Key);
                break;
            case StoreOperation.Scan scan:
                CheckScan(_model, new StoreView(_store), scan);
                break;
            case StoreOperation.OpenSnapshot when _snapshots.Count < 3:
                _snapshots.Enqueue((_store.CreateSnapshot(), _model.Clone()));
                break;
            case StoreOperation.CheckSnapshot check when _snapshots.Count > 0:
                CheckSnapshot(check.Close);
                break;
            case StoreOperation.Reopen when _engine.UsesDirectory:
                Reopen();
                break;
            case StoreOperation.Compact:
                _store.Compact();
                break;
            case StoreOperation.Statistics:
                CheckStatistics();
                break;
            case StoreOperation.MoveClock move:
                _time.SetUtcNow(_time.GetUtcNow() + move.By);
                break;
        }

        Assert.Null(_store.Replication.FindDigestFault());
    }

    /// <summary>Compares every object, with its history, and every open snapshot.</summary>
    public void CheckAll()
    {
        CheckWhole(_model, new StoreView(_store));
        while (_snapshots.Count > 0)
            CheckSnapshot(close: true);
        Assert.Equal(_model.Namespaces.Order(StringComparer.Ordinal), _store.Namespaces.Order(StringComparer.Ordinal));
    }

    public void Dispose()
    {
        while (_snapshots.TryDequeue(out var open))
            open.Snapshot.Dispose();
        _store.Dispose();
    }

    private HonuStore Open() =>
        HonuStore.Open(_path, new HonuStoreOptions { Pid = 7, Engine = _engine, Retention = _retention, Environment = StoreEnvironment.Machine with { Time = _time } });

    private HonuNamespace Space(string name) => _store.Namespace(name);

    private void TryPut(StoreOperation.TryPut step)
    {
        var latest = _model.Latest(step.Space, step.Key);
        var expected = step.Expected switch
        {
            Expectation.Current => latest.Number,
            Expectation.Parent => latest.Parent,
            Expectation.Foreign => -1,
            _ => 0,
        };
        var expectedId = expected < 0 ? new VersionId(_lastScalar + 1, new ReplicaId(99, 0)) : Id(expected);

        var swapped = Space(step.Space).TryPut(step.Key, step.Value, expectedId, out var version);

        var modelSwapped = _model.TryPut(step.Space, step.Key, step.Value, expected, out var modelVersion);
        Assert.Equal(modelSwapped, swapped);
        if (swapped)
            Learn(modelVersion, version, step.Space, step.Key);
        else
            AssertSame(modelVersion, version, step.Space, step.Key, _model);
    }

    private void Delete(StoreOperation.Delete step)
    {
        var deleted = Space(step.Space).Delete(step.Key, out var tombstone);

        var modelTombstone = _model.Delete(step.Space, step.Key);
        Assert.Equal(!modelTombstone.IsNone, deleted);
        if (deleted)
            Learn(modelTombstone, tombstone, step.Space, step.Key);
    }

    private void Write(StoreOperation.Batch step)
    {
        var batch = new HonuWriteBatch();
        foreach (var operation in step.Operations)
        {
            if (operation.Value is { } value)
                batch.Put(operation.Namespace, operation.Key, value);
            else
                batch.Delete(operation.Namespace, operation.Key);
        }

        var versions = _store.Write(batch);

        var modelVersions = _model.Write(step.Operations);
        Assert.Equal(modelVersions.Count, versions.Count);
        Assert.Equal(modelVersions.Count, batch.Count);
        foreach (var (wanted, found) in modelVersions.Zip(versions))
        {
            if (wanted.Version.IsNone)
                Assert.True(found.IsNone, "a delete in a batch that found nothing made a version");
            else
                Learn(wanted.Version, found, wanted.Namespace, wanted.Key);
        }
    }

    private void Reopen()
    {
        while (_snapshots.Count > 0)
            CheckSnapshot(close: true);
        var identity = _store.Identity;
        _store.Dispose();
        _store = Open();
        Assert.Equal((identity.StoreId, identity.Replica), (_store.Identity.StoreId, _store.Identity.Replica));
        CheckWhole(_model, new StoreView(_store));
    }

    private void CheckSnapshot(bool close)
    {
        var open = _snapshots.Dequeue();
        CheckWhole(open.Model, new StoreView(open.Snapshot));
        if (close)
            open.Snapshot.Dispose();
        else
            _snapshots.Enqueue(open);
    }

    private void CheckStatistics()
    {
        var statistics = _store.GetStatistics();
        foreach (var name in _model.Namespaces)
        {
            var found = Assert.Single(statistics.Namespaces, space => space.Name == name);
            var all = _model.Scan(name, tombstones: true);
            Assert.Equal(all.Count(entry => !entry.Version.IsDeleted), found.Objects);
            Assert.Equal(all.Count(entry => entry.Version.IsDeleted), found.Tombstones);
            Assert.Equal(all.Sum(entry => (long)entry.Version.Value.Length), found.ValueBytes);
        }
    }

    private void CheckWhole(ModelStore model, StoreView view)
    {
        foreach (var name in OperationGenerator.Namespaces)
        {
            CheckScan(model, view, new StoreOperation.Scan(name, null, null, null, Reverse: false, Limit: null, Tombstones: true));
            foreach (var entry in model.Scan(name, tombstones: true))
                CheckObject(model, view, name, entry.Key);
        }
    }

    private void CheckScan(ModelStore model, StoreView view, StoreOperation.Scan scan)
    {
        var expected = model.Scan(scan.Space, scan.Prefix, scan.From, scan.To, scan.Reverse, scan.Limit, scan.Tombstones);
        var options = new ScanOptions
        {
            Prefix = scan.Prefix,
            From = scan.From,
            To = scan.To,
            Reverse = scan.Reverse,
            Limit = scan.Limit,
            IncludeTombstones = scan.Tombstones,
        };

        var found = view.Scan(scan.Space, options);

        if (!expected.Select(entry => entry.Key).SequenceEqual(found.Select(entry => entry.Key), KeyEquality))
            Assert.Equal(expected.Select(entry => Convert.ToHexString(entry.Key)).ToArray(), found.Select(entry => Convert.ToHexString(entry.Key)).ToArray());
        foreach (var (wanted, entry) in expected.Zip(found))
        {
            AssertSame(wanted.Version, entry.Version, scan.Space, wanted.Key, model);
            AssertBytes(wanted.Version.Value, entry.Value);
        }
    }

    private void CheckObject(ModelStore model, StoreView view, string space, byte[] key)
    {
        var latest = model.Latest(space, key);
        var isLive = !latest.IsNone && !latest.IsDeleted;
        var written = new ArrayBufferWriter<byte>();

        Assert.Equal(!latest.IsNone, view.TryGetVersion(space, key, out var version));
        AssertSame(latest, version, space, key, model);
        Assert.Equal(isLive, view.TryGet(space, key, written));
        AssertBytes(isLive ? latest.Value : [], written.WrittenSpan);
        var value = view.Get(space, key);
        Assert.Equal(isLive, value is not null);
        AssertBytes(isLive ? latest.Value : [], value);
        view.CheckRead(space, key, isLive ? latest.Value : null);

        var history = view.History(space, key);
        var expected = model.History(space, key);
        Assert.Equal(expected.Select(item => Id(item.Number)), history.Select(item => item.Version.Id));
        foreach (var (wanted, item) in expected.Zip(history))
        {
            AssertSame(wanted, item.Version, space, key, model);
            AssertBytes(wanted.Value, item.Value.Span);
            Assert.False(item.LostConflict);
        }
    }

    /// <summary>Takes the version that the store gave to a new write, after checking that it may have that name.</summary>
    private void Learn(ModelVersion wanted, ObjectVersion found, string space, byte[] key)
    {
        Assert.True(found.Id.Scalar > _lastScalar, $"version {found.Id} is not later than scalar {_lastScalar}");
        Assert.Equal(_store.Identity.Replica, found.Id.Replica);
        _lastScalar = found.Id.Scalar;
        _ids.Add(wanted.Number, found.Id);
        AssertSame(wanted, found, space, key, _model);
    }

    private void AssertSame(ModelVersion wanted, ObjectVersion found, string space, byte[] key, ModelStore model)
    {
        // Most of a run is this comparison, and xunit's own would be most of its time.
        if (found == new ObjectVersion(Id(wanted.Number), Id(wanted.Parent), Id(model.First(space, key).Number).Replica, wanted.IsDeleted, wanted.Value.Length))
            return;
        Assert.Equal(Id(wanted.Number), found.Id);
        Assert.Equal(Id(wanted.Parent), found.Parent);
        Assert.Equal(wanted.IsDeleted, found.IsDeleted);
        Assert.Equal(wanted.Value.Length, found.ValueLength);
        Assert.Equal(Id(model.First(space, key).Number).Replica, found.Creator);
    }

    private static void AssertBytes(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> found) =>
        Assert.True(expected.SequenceEqual(found), $"expected {expected.Length} bytes, found {found.Length} bytes or others");

    private VersionId Id(long number) => number == 0 ? default : _ids[number];
}

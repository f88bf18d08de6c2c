using System.Buffers;

namespace Honu.Tests.Properties;

internal sealed record ScannedEntry(byte[] Key, byte[] Value, ObjectVersion Version);

/// <summary>The reads that a store and a snapshot share. The default namespace is read through the store itself, the others through theirs.</summary>
internal sealed class StoreView
{
    private readonly HonuStore? _store;
    private readonly HonuSnapshot? _snapshot;

    public StoreView(HonuStore store) => _store = store;

    public StoreView(HonuSnapshot snapshot) => _snapshot = snapshot;

    public IReadOnlyList<ScannedEntry> Scan(string space, ScanOptions options)
    {
        var found = new List<ScannedEntry>();
        var entries = _store is not null
            ? IsDefault(space) ? _store.Scan(options) : _store.Namespace(space).Scan(options)
            : IsDefault(space) ? _snapshot!.Scan(options) : _snapshot!.Namespace(space).Scan(options);
        foreach (var entry in entries)
            found.Add(new ScannedEntry(entry.Key.ToArray(), entry.Value.ToArray(), entry.Version));
        return found;
    }

    public IReadOnlyList<HistoryEntry> History(string space, byte[] key) => _store is not null
        ? IsDefault(space) ? _store.History(key) : _store.Namespace(space).History(key)
        : IsDefault(space) ? _snapshot!.History(key) : _snapshot!.Namespace(space).History(key);

    public byte[]? Get(string space, byte[] key) => _store is not null
        ? IsDefault(space) ? _store.Get(key) : _store.Namespace(space).Get(key)
        : IsDefault(space) ? _snapshot!.Get(key) : _snapshot!.Namespace(space).Get(key);

    public bool TryGet(string space, byte[] key, IBufferWriter<byte> destination) => _store is not null
        ? IsDefault(space) ? _store.TryGet(key, destination) : _store.Namespace(space).TryGet(key, destination)
        : IsDefault(space) ? _snapshot!.TryGet(key, destination) : _snapshot!.Namespace(space).TryGet(key, destination);

    public bool TryGetVersion(string space, byte[] key, out ObjectVersion version) => _store is not null
        ? IsDefault(space) ? _store.TryGetVersion(key, out version) : _store.Namespace(space).TryGetVersion(key, out version)
        : IsDefault(space) ? _snapshot!.TryGetVersion(key, out version) : _snapshot!.Namespace(space).TryGetVersion(key, out version);

    /// <summary>Reads into a buffer that fits and into one that is a byte too short.</summary>
    public void CheckRead(string space, byte[] key, byte[]? expected)
    {
        if (_store is null)
            return;
        var fits = new byte[expected?.Length ?? 0];
        var length = IsDefault(space) ? _store.Read(key, fits) : _store.Namespace(space).Read(key, fits);
        Assert.Equal(expected?.Length ?? -1, length);
        Assert.True(fits.AsSpan().SequenceEqual(expected), "Read gave other bytes");
        if (expected is not { Length: > 0 })
            return;
        var tooShort = new byte[expected.Length - 1];
        Assert.Equal(expected.Length, IsDefault(space) ? _store.Read(key, tooShort) : _store.Namespace(space).Read(key, tooShort));
        Assert.All(tooShort, value => Assert.Equal(0, value));
    }

    private static bool IsDefault(string space) => space == HonuStore.DefaultNamespace;
}

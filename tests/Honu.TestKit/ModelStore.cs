namespace Honu.TestKit;

/// <summary>One version in the model. <paramref name="Number"/> counts all writes of the model from 1; 0 as parent means none.</summary>
public sealed record ModelVersion(long Number, long Parent, bool IsDeleted, byte[] Value)
{
    /// <summary>The version that stands for "there is none".</summary>
    public static readonly ModelVersion None = new(0, 0, IsDeleted: false, []);

    /// <summary>Whether there is no version.</summary>
    public bool IsNone => Number == 0;
}

/// <summary>What a batch does to one key; a missing value deletes.</summary>
public sealed record ModelOperation(string Namespace, byte[] Key, byte[]? Value);

/// <summary>What a batch did to one key.</summary>
public sealed record ModelWrite(string Namespace, byte[] Key, ModelVersion Version);

/// <summary>An object as a scan of the model gives it.</summary>
public sealed record ModelEntry(byte[] Key, ModelVersion Version);

/// <summary>
/// The store as a page of code that is obviously right: per namespace a sorted map from key to all its versions, oldest first. No limits, no files, no threads.
/// It numbers versions itself; a test keeps the table from these numbers to the versions of the store under test.
/// </summary>
public sealed class ModelStore
{
    /// <summary>How many versions of a key its history shows, the latest among them.</summary>
    public int HistoryLength { get; init; } = 10;

    private readonly SortedDictionary<string, SortedDictionary<byte[], List<ModelVersion>>> _spaces = new(StringComparer.Ordinal);
    private long _lastNumber;

    /// <summary>Orders keys by unsigned bytes, a prefix before its extensions.</summary>
    public static IComparer<byte[]> KeyOrder { get; } = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));

    /// <summary>Namespaces that hold or held objects.</summary>
    public IReadOnlyCollection<string> Namespaces => _spaces.Keys;

    /// <summary>Writes a value; over a tombstone it undeletes.</summary>
    public ModelVersion Put(string space, byte[] key, byte[] value) => Add(space, key, value, isDeleted: false);

    /// <summary>Writes a tombstone, or gives <see cref="ModelVersion.None"/> when there is no live object.</summary>
    public ModelVersion Delete(string space, byte[] key) =>
        Latest(space, key) is { IsNone: false, IsDeleted: false } ? Add(space, key, [], isDeleted: true) : ModelVersion.None;

    /// <summary>Writes only when the latest version is <paramref name="expected"/>; 0: only when there is no live object.</summary>
    public bool TryPut(string space, byte[] key, byte[] value, long expected, out ModelVersion version)
    {
        version = Latest(space, key);
        var isFree = version.IsNone || version.IsDeleted;
        if (expected == 0 ? !isFree : version.Number != expected)
            return false;
        version = Put(space, key, value);
        return true;
    }

    /// <summary>Applies operations at once. Of several operations on one key only the last counts, and it takes the place of the first.</summary>
    /// <returns>One result per key, in that order; no version for a deletion that found nothing.</returns>
    public IReadOnlyList<ModelWrite> Write(IReadOnlyList<ModelOperation> operations)
    {
        var writes = new List<ModelWrite>();
        for (var i = 0; i < operations.Count; i++)
        {
            var (space, key, _) = operations[i];
            bool IsSame(ModelOperation other) => other.Namespace == space && KeyOrder.Compare(other.Key, key) == 0;
            if (operations.Take(i).Any(IsSame))
                continue;
            var version = operations.Last(IsSame).Value is { } value ? Put(space, key, value) : Delete(space, key);
            writes.Add(new ModelWrite(space, key, version));
        }

        return writes;
    }

    /// <summary>The latest version, a tombstone too; <see cref="ModelVersion.None"/> when the key was never written.</summary>
    public ModelVersion Latest(string space, byte[] key) => Versions(space, key) is [.., var latest] ? latest : ModelVersion.None;

    /// <summary>The latest versions, newest first, at most <see cref="HistoryLength"/>.</summary>
    public IReadOnlyList<ModelVersion> History(string space, byte[] key) =>
        [.. Versions(space, key).AsEnumerable().Reverse().Take(HistoryLength)];

    /// <summary>The first version of a key, which says who created the object.</summary>
    public ModelVersion First(string space, byte[] key) => Versions(space, key) is [var first, ..] ? first : ModelVersion.None;

    /// <summary>Objects by key; every filter that is given must hold, then order and limit apply.</summary>
    public IReadOnlyList<ModelEntry> Scan(
        string space, byte[]? prefix = null, byte[]? from = null, byte[]? to = null, bool reverse = false, int? limit = null, bool tombstones = false)
    {
        if (!_spaces.TryGetValue(space, out var objects))
            return [];
        var found = objects.Where(row => (tombstones || !row.Value[^1].IsDeleted)
                && (prefix is null || row.Key.AsSpan().StartsWith(prefix))
                && (from is null || KeyOrder.Compare(row.Key, from) >= 0)
                && (to is null || KeyOrder.Compare(row.Key, to) < 0))
            .Select(row => new ModelEntry(row.Key, row.Value[^1]));
        if (reverse)
            found = found.Reverse();
        return [.. limit is { } count ? found.Take(count) : found];
    }

    /// <summary>A copy that later writes do not touch: the model of a snapshot.</summary>
    public ModelStore Clone()
    {
        var copy = new ModelStore { _lastNumber = _lastNumber, HistoryLength = HistoryLength };
        foreach (var (space, objects) in _spaces)
        {
            var copied = new SortedDictionary<byte[], List<ModelVersion>>(KeyOrder);
            foreach (var (key, versions) in objects)
                copied.Add(key, [.. versions]);
            copy._spaces.Add(space, copied);
        }

        return copy;
    }

    private List<ModelVersion> Versions(string space, byte[] key) =>
        _spaces.TryGetValue(space, out var objects) && objects.TryGetValue(key, out var versions) ? versions : [];

    private ModelVersion Add(string space, byte[] key, byte[] value, bool isDeleted)
    {
        if (!_spaces.TryGetValue(space, out var objects))
            _spaces.Add(space, objects = new SortedDictionary<byte[], List<ModelVersion>>(KeyOrder));
        if (!objects.TryGetValue(key, out var versions))
            objects.Add([.. key], versions = []);
        var version = new ModelVersion(++_lastNumber, versions is [.., var latest] ? latest.Number : 0, isDeleted, [.. value]);
        versions.Add(version);
        return version;
    }
}

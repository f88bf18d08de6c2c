using System.Numerics;
using Honu.Digests;
using Honu.Engines;
using Honu.Format;
using Honu.Lookup;
using Honu.Writing;

namespace Honu;

/// <summary>The live records of a namespace at one moment, sorted into buckets by a hash of their keys, so that two replicas find what differs by sending little (R13).</summary>
/// <remarks>
/// <code>
/// Sums        one number for each bucket          both replicas: Compare
/// PartSums    sixteen for each differing bucket   both: CompareParts
/// Items       one for each record of a part       each sends what the other lacks: Read
/// </code>
/// Only meaningful between replicas whose <see cref="Summary"/> is equal: then nothing is on its way that would differ anyway. Tombstones
/// and records that expire are not in it. Used by one thread at a time. Dispose it: it keeps a snapshot alive.
/// </remarks>
public sealed class RepairView : IDisposable
{
    /// <summary>Most buckets.</summary>
    public const int MaxBuckets = 65536;

    /// <summary>How many parts a bucket has.</summary>
    public const int PartsPerBucket = 16;

    private const int ObjectsPerBucket = 256;

    // The same at every replica, unlike the keyed hash of the tables in memory: "the first 32 bytes of the fraction of pi".
    private static readonly KeyHash Hash = new([
        0x24, 0x3F, 0x6A, 0x88, 0x85, 0xA3, 0x08, 0xD3, 0x13, 0x19, 0x8A, 0x2E, 0x03, 0x70, 0x73, 0x44,
        0xA4, 0x09, 0x38, 0x22, 0x29, 0x9F, 0x31, 0xD0, 0x08, 0x2E, 0xFA, 0x98, 0xEC, 0x4E, 0x6C, 0x89,
    ]);

    private readonly StoreCore _core;
    private readonly EngineSnapshot _snapshot;
    private readonly Dictionary<ulong, byte[]> _keys = [];
    private ulong[] _parts = [];
    private int[] _partCounts = [];
    private DigestSum _found;

    internal RepairView(StoreCore core, string ns, NamespaceState? state, byte[] summary)
    {
        _core = core;
        Namespace = ns;
        State = state;
        Summary = summary;
        Removals = state?.Removals ?? 0;
        _snapshot = core.Engine.CreateSnapshot();
    }

    /// <summary>The namespace.</summary>
    public string Namespace { get; }

    /// <summary>The namespace's summary at the moment of the view (R4); empty when there is no such namespace.</summary>
    public byte[] Summary { get; }

    /// <summary>The digest of the records that were found.</summary>
    public UInt128 Digest => _found.Sum;

    /// <summary>How many records were found.</summary>
    public long Objects => _found.Count;

    /// <summary>How many buckets: a power of two.</summary>
    public int Buckets => _parts.Length / PartsPerBucket;

    /// <summary>The sum of each bucket.</summary>
    public ulong[] Sums
    {
        get
        {
            var sums = new ulong[Buckets];
            for (var part = 0; part < _parts.Length; part++)
                sums[part / PartsPerBucket] += _parts[part];
            return sums;
        }
    }

    internal StoreCore Core => _core;

    internal NamespaceState? State { get; }

    internal long Removals { get; }

    /// <summary>Which buckets differ from those of another replica, in ascending order.</summary>
    /// <exception cref="ArgumentException">The other one has another number of buckets.</exception>
    public int[] Compare(ReadOnlySpan<ulong> theirSums)
    {
        if (theirSums.Length != Buckets)
            throw new ArgumentException($"The other side has {theirSums.Length} buckets, this one {Buckets}.", nameof(theirSums));
        return Differences(Sums, theirSums, static index => index);
    }

    /// <summary>The sums of the sixteen parts of each bucket, in the order of <paramref name="buckets"/>.</summary>
    /// <exception cref="ArgumentException">There is no such bucket.</exception>
    public ulong[] PartSums(IReadOnlyList<int> buckets)
    {
        ArgumentNullException.ThrowIfNull(buckets);
        var sums = new ulong[buckets.Count * PartsPerBucket];
        for (var i = 0; i < buckets.Count; i++)
        {
            if ((uint)buckets[i] >= (uint)Buckets)
                throw new ArgumentException($"There is no bucket {buckets[i]} among {Buckets}.", nameof(buckets));
            _parts.AsSpan(buckets[i] * PartsPerBucket, PartsPerBucket).CopyTo(sums.AsSpan(i * PartsPerBucket));
        }

        return sums;
    }

    /// <summary>Which parts of some buckets differ: bucket × 16 + part, in the order of <paramref name="buckets"/>.</summary>
    /// <exception cref="ArgumentException">There is no such bucket, or not sixteen sums for each.</exception>
    public int[] CompareParts(IReadOnlyList<int> buckets, ReadOnlySpan<ulong> theirSums)
    {
        var own = PartSums(buckets);
        if (theirSums.Length != own.Length)
            throw new ArgumentException($"There are {theirSums.Length} sums for {buckets.Count} buckets.", nameof(theirSums));
        return Differences(own, theirSums, index => (buckets[index / PartsPerBucket] * PartsPerBucket) + (index % PartsPerBucket));
    }

    /// <summary>What is in some parts: a number for each record. Reads the namespace once more, and remembers the keys for <see cref="Read"/>.</summary>
    /// <param name="parts">The parts, each at most once.</param>
    /// <param name="maxItems">Stop before the part that would make it more; one part always fits. What is left out is for another repair.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The items of each part, ascending, in the order of <paramref name="parts"/>; fewer than that when <paramref name="maxItems"/> was reached.</returns>
    /// <exception cref="ArgumentException">There is no such part, or one comes twice.</exception>
    public IReadOnlyList<ulong[]> Items(IReadOnlyList<int> parts, int maxItems = MaxBuckets, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(parts);
        _keys.Clear();
        var items = new Dictionary<int, List<ulong>>();
        var isFull = false;
        long count = 0;
        foreach (var part in parts)
        {
            if ((uint)part >= (uint)_parts.Length)
                throw new ArgumentException($"There is no part {part} among {_parts.Length}.", nameof(parts));
            count += _partCounts[part];
            isFull |= items.Count > 0 && count > maxItems;
            if (!isFull && !items.TryAdd(part, new List<ulong>(_partCounts[part])))
                throw new ArgumentException($"Part {part} comes twice.", nameof(parts));
        }

        if (State is not null && items.Count > 0)
        {
            using var records = new LiveRecords(_core.Engine, _snapshot, State.Id, passOverDamaged: true, cancellationToken);
            while (records.MoveNext())
            {
                if (!items.TryGetValue(PartOf(records.Key, _parts.Length), out var found))
                    continue;
                var item = ItemOf(records.Record);
                found.Add(item);
                _keys[item] = records.Key.ToArray();
            }
        }

        return [.. parts.Take(items.Count).Select(part => items[part].Order().ToArray())];
    }

    /// <summary>Adds the records of items that the last <see cref="Items"/> has named, until the block is full. Others are passed over.</summary>
    /// <param name="items">The items.</param>
    /// <param name="from">Where in <paramref name="items"/> to begin.</param>
    /// <param name="block">Receives the records.</param>
    /// <param name="maxBytes">Stop at this many bytes; one record always fits.</param>
    /// <returns>Where to go on; the number of items when all have been looked at.</returns>
    public int Read(IReadOnlyList<ulong> items, int from, RecordBlockWriter block, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(block);
        var buffer = new byte[KeySpaces.MaxKeyBytes];
        for (; from < items.Count && (block.Count == 0 || block.Length < maxBytes); from++)
        {
            if (!_keys.TryGetValue(items[from], out var key))
                continue;
            using var found = _core.Engine.Get(KeySpaces.CurrentKey(buffer, State!.Id, key), _snapshot);
            if (!found.Found)
                throw StoreCore.Damaged(key);
            var record = StoreCore.Parse(found.Span, key);

            // What is damaged here must not spread: the checksum is checked before a record leaves.
            if (!record.Verify(key))
                throw StoreCore.Damaged(key);
            block.Add(key, record);
        }

        return from;
    }

    /// <summary>Lets go of the view.</summary>
    public void Dispose() => _snapshot.Dispose();

    internal static void CheckBuckets(int? buckets)
    {
        if (buckets is { } given && (given is < 1 or > MaxBuckets || !BitOperations.IsPow2(given)))
            throw new ArgumentOutOfRangeException(nameof(buckets), given, $"The number of buckets is a power of two from 1 to {MaxBuckets}.");
    }

    /// <summary>Reads all records and sums them up by part.</summary>
    internal void Count(int? buckets, CancellationToken cancellationToken)
    {
        // How many there are nobody knows before the end, so it begins with the finest parts: sixteen megabytes at most, for a moment.
        _parts = new ulong[(buckets ?? MaxBuckets) * PartsPerBucket];
        _partCounts = new int[_parts.Length];
        if (State is not null)
        {
            using var records = new LiveRecords(_core.Engine, _snapshot, State.Id, passOverDamaged: true, cancellationToken);
            while (records.MoveNext())
            {
                var part = PartOf(records.Key, _parts.Length);
                _parts[part] += ItemOf(records.Record);
                _partCounts[part]++;
                _found = _found.With(records.Record);
            }
        }

        if (buckets is null)
            Fold((int)BitOperations.RoundUpToPowerOf2((ulong)Math.Clamp(_found.Count / ObjectsPerBucket, 1, MaxBuckets)) * PartsPerBucket);
    }

    // A part is named by the upper bits of the hash, so neighbours make one part of a coarser division.
    private void Fold(int length)
    {
        var width = _parts.Length / length;
        if (width == 1)
            return;
        var (parts, counts) = (new ulong[length], new int[length]);
        for (var i = 0; i < _parts.Length; i++)
        {
            parts[i / width] += _parts[i];
            counts[i / width] += _partCounts[i];
        }

        (_parts, _partCounts) = (parts, counts);
    }

    private static int PartOf(ReadOnlySpan<byte> key, int parts) => (int)(Hash.Of(ns: 0, key) >> (64 - BitOperations.Log2((uint)parts)));

    private static ulong ItemOf(in CurrentRecord record) => (ulong)DigestSum.ElementOf(record.Version, record.Checksum);

    private static int[] Differences(ReadOnlySpan<ulong> own, ReadOnlySpan<ulong> theirs, Func<int, int> nameOf)
    {
        var names = new List<int>();
        for (var i = 0; i < own.Length; i++)
        {
            if (own[i] != theirs[i])
                names.Add(nameOf(i));
        }

        return [.. names];
    }
}

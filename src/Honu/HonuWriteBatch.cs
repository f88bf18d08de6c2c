using Honu.Format;
using Honu.Writing;

namespace Honu;

/// <summary>Writes to be applied together by <see cref="HonuStore.Write"/>, across namespaces. Not thread-safe.</summary>
/// <remarks>Each operation makes one version. When a key comes twice, the last operation on it counts and takes the place of the first.</remarks>
public sealed class HonuWriteBatch
{
    private static readonly TimeSpan MaxTimeToLive = TimeSpan.FromDays(36500);

    private readonly List<BatchOperation> _operations = [];
    private readonly Dictionary<(string Namespace, string Key), int> _positions = [];

    /// <summary>How many operations the batch holds.</summary>
    public int Count => _operations.Count;

    /// <summary>The namespace of each operation, in order.</summary>
    public IEnumerable<string> Namespaces => _operations.Select(static operation => operation.Namespace);

    internal IReadOnlyList<BatchOperation> Operations => _operations;

    internal bool HasTimeToLive { get; private set; }

    /// <summary>Adds a put in the default namespace; the spans are copied.</summary>
    /// <exception cref="ArgumentException">The key has not 1 to 4,096 bytes.</exception>
    public HonuWriteBatch Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Put(HonuStore.DefaultNamespace, key, value);

    /// <summary>Adds a put; the spans are copied.</summary>
    /// <exception cref="ArgumentException">The key has not 1 to 4,096 bytes, or the namespace not 1 to 255 bytes of UTF-8.</exception>
    public HonuWriteBatch Put(string ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Add(WriteKind.Put, ns, key, value, lifetime: 0);

    /// <summary>Adds a put with a time to live of its own, whatever the options of the batch say; the spans are copied.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="timeToLive">See <see cref="WriteOptions.TimeToLive"/>.</param>
    /// <exception cref="ArgumentException">The key has not 1 to 4,096 bytes, or the namespace not 1 to 255 bytes of UTF-8, or the time to live is not from 1 ms to 36,500 days.</exception>
    public HonuWriteBatch Put(string ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, TimeSpan timeToLive)
    {
        CheckTimeToLive(timeToLive);
        return Add(WriteKind.Put, ns, key, value, HybridLogicalClock.FromTime(timeToLive));
    }

    /// <summary>Adds a deletion in the default namespace; the span is copied.</summary>
    /// <exception cref="ArgumentException">The key has not 1 to 4,096 bytes.</exception>
    public HonuWriteBatch Delete(ReadOnlySpan<byte> key) => Delete(HonuStore.DefaultNamespace, key);

    /// <summary>Adds a deletion; the span is copied.</summary>
    /// <exception cref="ArgumentException">The key has not 1 to 4,096 bytes, or the namespace not 1 to 255 bytes of UTF-8.</exception>
    public HonuWriteBatch Delete(string ns, ReadOnlySpan<byte> key) => Add(WriteKind.Delete, ns, key, default, lifetime: 0);

    /// <summary>Empties the batch for its next use.</summary>
    public void Clear()
    {
        _operations.Clear();
        _positions.Clear();
        HasTimeToLive = false;
    }

    internal static void CheckTimeToLive(TimeSpan timeToLive)
    {
        if (timeToLive < TimeSpan.FromMilliseconds(1) || timeToLive > MaxTimeToLive)
            throw new ArgumentOutOfRangeException(nameof(timeToLive), timeToLive, "A time to live is from 1 ms to 36,500 days.");
    }

    private HonuWriteBatch Add(WriteKind kind, string ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong lifetime)
    {
        StoreLimits.CheckNamespace(ns);
        StoreLimits.CheckKey(key);
        var operation = new BatchOperation(kind, ns, key.ToArray(), value.ToArray(), RecordChecksum.OfValue(value), lifetime);

        HasTimeToLive |= lifetime != 0;

        // Latin-1 maps each byte to one character: a string that equals only for equal bytes.
        if (!_positions.TryAdd((ns, System.Text.Encoding.Latin1.GetString(key)), _operations.Count))
            _operations[_positions[(ns, System.Text.Encoding.Latin1.GetString(key))]] = operation;
        else
            _operations.Add(operation);
        return this;
    }
}

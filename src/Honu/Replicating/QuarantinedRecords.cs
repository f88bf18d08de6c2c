using Honu.Deferring;
using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Replicating;

/// <summary>The records in quarantine of one moment, in the order of their keys: a full stream passes them on among the others (R9).</summary>
internal sealed class QuarantinedRecords : IDisposable
{
    private readonly IStorageEngine _engine;
    private readonly EngineSnapshot _snapshot;
    private readonly EngineIterator _rows;
    private readonly ushort _ns;

    public QuarantinedRecords(IStorageEngine engine, EngineSnapshot snapshot, ushort ns, ReadOnlySpan<byte> afterKey)
    {
        _engine = engine;
        _snapshot = snapshot;
        _ns = ns;
        _rows = engine.CreateIterator(snapshot, verify: true);
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.Quarantine, ns);
        _rows.Seek([.. prefix, .. afterKey]);
        if (!afterKey.IsEmpty && IsHere && Key.SequenceEqual(afterKey))
            _rows.Next();
    }

    private bool IsHere => _rows.IsValid && _rows.Key.Length > KeySpaces.NamespacePrefixBytes && _rows.Key[0] == KeySpaces.Quarantine && KeySpaces.ReadNamespace(_rows.Key) == _ns;

    private ReadOnlySpan<byte> Key => _rows.Key[KeySpaces.NamespacePrefixBytes..];

    /// <summary>Adds the records up to a key, that one included; all that are left when it is empty.</summary>
    public void AddUpTo(ReadOnlySpan<byte> key, RecordBlockWriter block)
    {
        for (; IsHere && (key.IsEmpty || Key.SequenceCompareTo(key) <= 0); _rows.Next())
        {
            if (QuarantineStore.Find(_engine, _ns, Key, _snapshot) is { } held)
                block.Add(Key, StoreCore.Parse(held, Key));
        }

        _rows.ThrowIfFailed();
    }

    public void Dispose() => _rows.Dispose();
}

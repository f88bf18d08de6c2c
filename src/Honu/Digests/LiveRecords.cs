using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Digests;

/// <summary>Walks the records of a namespace in a snapshot that count in its digest, in key order.</summary>
/// <remarks>Every record is checked. A damaged one ends the walk with an exception, or is passed over where the caller wants another replica's copy of it.</remarks>
internal ref struct LiveRecords(IStorageEngine engine, EngineSnapshot snapshot, ushort ns, bool passOverDamaged, CancellationToken cancellationToken) : IDisposable
{
    private readonly EngineIterator _current = engine.CreateIterator(snapshot, verify: true);
    private bool _isStarted;

    /// <summary>The key, valid until the next move.</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>What the record is to the digest.</summary>
    public CurrentRecord Record { get; private set; }

    public bool MoveNext()
    {
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.Current, ns);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_isStarted)
                _current.Next();
            else
                _current.Seek(prefix);
            _isStarted = true;
            if (!_current.IsValid || !_current.Key.StartsWith(prefix))
            {
                // What was passed over must not be taken for absent.
                _current.ThrowIfFailed();
                return false;
            }

            Key = _current.Key[prefix.Length..];
            if (!RecordReader.TryParse(_current.Value, out var record) || !record.Verify(Key))
            {
                if (!passOverDamaged)
                    throw StoreCore.Damaged(Key);
                continue;
            }

            Record = CurrentRecord.Of(record);
            if (Record.IsCounted)
                return true;
        }
    }

    public readonly void Dispose() => _current.Dispose();
}

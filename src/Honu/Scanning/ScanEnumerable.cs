using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu;

/// <summary>Objects in the order of their keys, for <c>foreach</c>. Each enumeration sees the store as of its beginning (or the snapshot).</summary>
public readonly struct ScanEnumerable
{
    private readonly StoreCore _core;
    private readonly NamespaceState? _state;
    private readonly EngineSnapshot? _snapshot;
    private readonly ScanOptions _options;

    internal ScanEnumerable(StoreCore core, NamespaceState? state, EngineSnapshot? snapshot, ScanOptions options)
    {
        _core = core;
        _state = state;
        _snapshot = snapshot;
        _options = options;
    }

    /// <summary>Begins an enumeration. Dispose the enumerator (<c>foreach</c> does): until then it keeps its view of the store alive.</summary>
    public Enumerator GetEnumerator() => new(_core, _state, _snapshot, _options);

    /// <summary>Walks the objects. Used by one thread at a time.</summary>
    public ref struct Enumerator
    {
        private readonly StoreCore _core;
        private readonly EngineIterator? _iterator;
        private readonly ScanOptions _options;
        private readonly byte[] _from;
        private readonly byte[] _to;
        private readonly string _namespace;
        private readonly long _start;
        private long _left;
        private long _valueBytes;
        private bool _started;

        internal Enumerator(StoreCore core, NamespaceState? state, EngineSnapshot? snapshot, ScanOptions options)
        {
            _core = core;
            _options = options;
            _namespace = state?.Name ?? "";
            _start = Telemetry.IsListening ? Telemetry.Start() : 0;
            _left = options.Limit ?? long.MaxValue;
            _from = _to = [];
            if (state is null || !options.TryGetRange(state.Id, out _from, out _to))
                return;
            _iterator = core.Engine.CreateIterator(snapshot);
        }

        /// <summary>The object the walk stands on: a view, valid until the next step.</summary>
        public HonuEntry Current { get; private set; }

        /// <summary>Moves to the next object.</summary>
        /// <exception cref="HonuCorruptionException">A stored object failed its checks. Objects that could not even be found are reported at the end of the scan, also one that a limit sets.</exception>
        /// <exception cref="ObjectDisposedException">The store was disposed meanwhile.</exception>
        public bool MoveNext()
        {
            if (_iterator is null)
                return false;
            _core.ThrowIfDisposed();
            if (_left <= 0)
            {
                _iterator.ThrowIfFailed();
                return false;
            }

            while (StepOrTell(out var engineKey))
            {
                var key = engineKey[KeySpaces.NamespacePrefixBytes..];
                var bytes = _iterator.Value;
                var record = StoreCore.Parse(bytes, key);
                if (!_options.IncludeTombstones && record.IsDeleted(_core.Clock))
                    continue;
                if (!record.Verify(key))
                    throw StoreCore.Damaged(key);
                _left--;
                _valueBytes += record.Value.Length;
                Current = new HonuEntry(key, bytes, record.IsDeleted(_core.Clock) ? default : record.Value, _core.Clock);
                return true;
            }

            _left = 0;
            _iterator.ThrowIfFailed();
            return false;
        }

        /// <summary>Ends the enumeration.</summary>
        public readonly void Dispose()
        {
            _iterator?.Dispose();
            if (_start != 0 && _iterator is not null)
                Telemetry.Read("scan", _namespace, _start, _valueBytes);
        }

        // The engine was opened again after a failed write, which ends every scan.
        private bool StepOrTell(out ReadOnlySpan<byte> engineKey)
        {
            try
            {
                return Step(out engineKey);
            }
            catch (ObjectDisposedException error) when (!_core.IsDisposed)
            {
                throw new HonuException(HonuErrorCode.StoreFailed, $"The engine of {_core.Path} was opened again after a failed write, which ended this scan. Begin it anew.", _core.Path, error);
            }
        }

        private bool Step(out ReadOnlySpan<byte> engineKey)
        {
            var iterator = _iterator!;
            if (_started && _options.Reverse)
                iterator.Previous();
            else if (_started)
                iterator.Next();
            else if (_options.Reverse)
                iterator.SeekBefore(_to);
            else
                iterator.Seek(_from);
            _started = true;
            engineKey = iterator.IsValid ? iterator.Key : default;
            return !engineKey.IsEmpty && (_options.Reverse
                ? engineKey.SequenceCompareTo(_from) >= 0
                : engineKey.SequenceCompareTo(_to) < 0);
        }
    }
}

/// <summary>One object of a scan: a view that is valid until the scan's next step.</summary>
public readonly ref struct HonuEntry
{
    private readonly ReadOnlySpan<byte> _record;
    private readonly IVersionClock _clock;

    internal HonuEntry(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record, ReadOnlySpan<byte> value, IVersionClock clock)
    {
        _record = record;
        _clock = clock;
        Key = key;
        Value = value;
    }

    /// <summary>The key.</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <summary>The value; empty for a tombstone.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>The version; made when it is asked for.</summary>
    public ObjectVersion Version => StoreCore.Parse(_record, Key).ToObjectVersion(_clock);
}

#pragma warning disable CA1308 // HTTP/2 names are lower case on the wire.
using System.Buffers;
using System.Collections.ObjectModel;
using System.Text;

namespace Grpc.Core;

/// <summary>Names with values that travel before (headers) or after (trailers) the messages of a call, in order, names may repeat.</summary>
/// <remarks>Names are lower case. A name that ends in <c>-bin</c> carries bytes, every other one printable ASCII. Not thread-safe.</remarks>
public sealed class Metadata : Collection<Metadata.Entry>, IList<Metadata.Entry>
{
    /// <summary>The end of the names that carry bytes.</summary>
    public const string BinaryHeaderSuffix = "-bin";
    /// <summary>A read-only instance without entries.</summary>
    public static readonly Metadata Empty = new Metadata().Freeze();

    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <inheritdoc/>
    public bool IsReadOnly { get; private set; }
    /// <summary>The last entry with this name, or <see langword="null"/>.</summary>
    public Entry? Get(string key) => GetAll(key).LastOrDefault();
    /// <summary>The text of the last entry with this name, or <see langword="null"/>.</summary>
    public string? GetValue(string key) => Get(key)?.Value;
    /// <summary>The bytes of the last entry with this name, or <see langword="null"/>.</summary>
    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;
    /// <summary>All entries with this name, in order.</summary>
    public IEnumerable<Entry> GetAll(string key) => key is null
        ? throw new ArgumentNullException(nameof(key))
        : Items.Where(entry => string.Equals(entry.Key, key, StringComparison.OrdinalIgnoreCase));

    /// <summary>Adds an ASCII entry.</summary>
    public void Add(string key, string value) => Add(new Entry(key, value));
    /// <summary>Adds a binary entry; the name must end in <c>-bin</c>.</summary>
    public void Add(string key, byte[] valueBytes) => Add(new Entry(key, valueBytes));

    internal Metadata Freeze()
    {
        IsReadOnly = true;
        return this;
    }

    /// <inheritdoc/>
    protected override void InsertItem(int index, Entry item) => base.InsertItem(Writable(index), item ?? throw new ArgumentNullException(nameof(item)));
    /// <inheritdoc/>
    protected override void SetItem(int index, Entry item) => base.SetItem(Writable(index), item ?? throw new ArgumentNullException(nameof(item)));
    /// <inheritdoc/>
    protected override void RemoveItem(int index) => base.RemoveItem(Writable(index));
    /// <inheritdoc/>
    protected override void ClearItems()
    {
        Writable(0);
        base.ClearItems();
    }

    private int Writable(int index) => IsReadOnly ? throw new InvalidOperationException("This metadata is read-only.") : index;

    /// <summary>One name with its value. Immutable.</summary>
    public sealed class Entry
    {
        private readonly string? _text;
        private readonly byte[]? _bytes;

        /// <summary>An ASCII entry: a name of letters, digits, <c>-</c>, <c>_</c> and <c>.</c> that does not end in <c>-bin</c>, and printable ASCII.</summary>
        /// <exception cref="ArgumentException">The name or the value has a character that cannot cross the wire.</exception>
        public Entry(string key, string value)
        {
            ArgumentNullException.ThrowIfNull(value);
            Key = NormalizeKey(key, binary: false);

            // A line break here would let a value write headers of its own.
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
                throw new ArgumentException($"The value of \"{Key}\" is not printable ASCII; use a name that ends in {BinaryHeaderSuffix}.", nameof(value));

            _text = value;
        }

        /// <summary>A binary entry: a name that ends in <c>-bin</c>, and any bytes; they are copied.</summary>
        /// <exception cref="ArgumentException">The name cannot cross the wire or does not end in <c>-bin</c>.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            Key = NormalizeKey(key, binary: true);
            _bytes = (byte[])valueBytes.Clone();
        }

        // From the wire: the name is lower case already and the value is whatever the other side sent.
        private Entry(string key, string? text, byte[]? bytes) => (Key, _text, _bytes) = (key, text, bytes);

        /// <summary>The name, in lower case.</summary>
        public string Key { get; }
        /// <summary>Whether the value is bytes.</summary>
        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);
        /// <summary>The text of an ASCII entry.</summary>
        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value => _text ?? throw new InvalidOperationException($"The entry \"{Key}\" is binary: read ValueBytes.");
        /// <summary>The bytes of a binary entry (a copy), or the ASCII bytes of a text.</summary>
        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(Value) : (byte[])_bytes.Clone();

        internal ReadOnlySpan<byte> BinaryValue => _bytes;

        /// <inheritdoc/>
        public override string ToString() => $"[Entry: key={Key}, {(IsBinary ? $"{_bytes?.Length} bytes" : $"value={_text}")}]";

        internal static Entry FromWire(string key, string value) => new(key, value, null);

        internal static Entry FromWire(string key, byte[] value) => new(key, null, value);

        private static string NormalizeKey(string key, bool binary)
        {
            ArgumentNullException.ThrowIfNull(key);
            var lower = key.ToLowerInvariant();
            if (lower.Length == 0 || lower.AsSpan().ContainsAnyExcept(KeyCharacters))
                throw new ArgumentException($"The metadata name \"{key}\" may only have letters, digits, '-', '_' and '.'.", nameof(key));
            if (lower.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal) != binary)
                throw new ArgumentException($"Names that end in {BinaryHeaderSuffix} carry bytes, others text: \"{key}\" does not fit its value.", nameof(key));

            return lower;
        }
    }
}

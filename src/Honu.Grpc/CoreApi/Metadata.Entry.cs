using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>One name with its value. Immutable.</summary>
    public sealed class Entry
    {
        private readonly string? _text;
        private readonly byte[]? _bytes;

        /// <summary>An ASCII entry.</summary>
        /// <param name="key">The name; letters, digits, <c>-</c>, <c>_</c> and <c>.</c>; must not end in <c>-bin</c>.</param>
        /// <param name="value">Printable ASCII, spaces included.</param>
        /// <exception cref="ArgumentException">The name or the value has a character that cannot cross the wire.</exception>
        public Entry(string key, string value)
        {
            ArgumentNullException.ThrowIfNull(value);
            Key = NormalizeKey(key);
            if (IsBinary)
                throw new ArgumentException($"The name \"{Key}\" ends in {BinaryHeaderSuffix}: pass bytes.", nameof(key));

            // A line break here would let a value write headers of its own.
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
                throw new ArgumentException($"The value of \"{Key}\" is not printable ASCII; use a name that ends in {BinaryHeaderSuffix}.", nameof(value));

            _text = value;
        }

        /// <summary>A binary entry.</summary>
        /// <param name="key">The name; must end in <c>-bin</c>.</param>
        /// <param name="valueBytes">The bytes; copied.</param>
        /// <exception cref="ArgumentException">The name cannot cross the wire or does not end in <c>-bin</c>.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            Key = NormalizeKey(key);
            if (!IsBinary)
                throw new ArgumentException($"The name \"{Key}\" must end in {BinaryHeaderSuffix} to carry bytes.", nameof(key));

            _bytes = (byte[])valueBytes.Clone();
        }

        // From the wire: the name is lower case already and the value is whatever the other side sent.
        private Entry(string key, string? text, byte[]? bytes)
        {
            Key = key;
            _text = text;
            _bytes = bytes;
        }

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
        public override string ToString() => IsBinary
            ? $"[Entry: key={Key}, {_bytes?.Length ?? 0} bytes]"
            : $"[Entry: key={Key}, value={_text}]";

        internal static Entry FromWire(string key, string value) => new(key, value, null);

        internal static Entry FromWire(string key, byte[] value) => new(key, null, value);

        private static string NormalizeKey(string key)
        {
            ArgumentNullException.ThrowIfNull(key);
#pragma warning disable CA1308 // HTTP/2 names are lower case on the wire.
            var lower = key.ToLowerInvariant();
#pragma warning restore CA1308
            if (lower.Length == 0 || lower.AsSpan().ContainsAnyExcept(KeyCharacters))
                throw new ArgumentException($"The metadata name \"{key}\" may only have letters, digits, '-', '_' and '.'.", nameof(key));

            return lower;
        }
    }
}

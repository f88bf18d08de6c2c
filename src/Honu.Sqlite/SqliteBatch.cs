using Honu.Engines;

namespace Honu.Sqlite;

/// <summary>Operations in one growing buffer, which a cleared batch keeps.</summary>
internal sealed class SqliteBatch : EngineBatch
{
    private const int NoValue = -1;

    private readonly List<(int KeyLength, int ValueLength)> _operations = [];
    private byte[] _bytes = new byte[1024];
    private int _length;
    private bool _disposed;

    public override int Count => _operations.Count;

    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ThrowIfDisposed();
        Append(key);
        Append(value);
        _operations.Add((key.Length, value.Length));
    }

    public override void Delete(ReadOnlySpan<byte> key)
    {
        ThrowIfDisposed();
        Append(key);
        _operations.Add((key.Length, NoValue));
    }

    public override void Clear()
    {
        ThrowIfDisposed();
        _operations.Clear();
        _length = 0;
    }

    public override void Dispose() => _disposed = true;

    public Enumerator GetEnumerator()
    {
        ThrowIfDisposed();
        return new Enumerator(this);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - _length)
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max((long)_bytes.Length * 2, (long)_length + bytes.Length)));
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, typeof(EngineBatch));

    /// <summary>Walks the operations in their order.</summary>
    public ref struct Enumerator(SqliteBatch batch)
    {
        private int _index = -1;
        private int _offset;

        public readonly Enumerator Current => this;

        public ReadOnlySpan<byte> Key { get; private set; }

        public ReadOnlySpan<byte> Value { get; private set; }

        public bool IsRemoval { get; private set; }

        public bool MoveNext()
        {
            if (++_index == batch._operations.Count)
                return false;
            var (keyLength, valueLength) = batch._operations[_index];
            Key = batch._bytes.AsSpan(_offset, keyLength);
            _offset += keyLength;
            IsRemoval = valueLength == NoValue;
            Value = IsRemoval ? default : batch._bytes.AsSpan(_offset, valueLength);
            _offset += Value.Length;
            return true;
        }
    }
}

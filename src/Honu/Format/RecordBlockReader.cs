namespace Honu.Format;

/// <summary>Walks a block of records. Any cut or impossible length ends it with <see cref="IsMalformed"/>.</summary>
internal ref struct RecordBlockReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public ReadOnlySpan<byte> Key { get; private set; }

    public ReadOnlySpan<byte> Record { get; private set; }

    public bool IsMalformed { get; private set; }

    public bool MoveNext()
    {
        if (_rest.IsEmpty || IsMalformed)
            return false;
        if (TryTake(out var key) && TryTake(out var record))
        {
            Key = key;
            Record = record;
            return true;
        }

        IsMalformed = true;
        return false;
    }

    private bool TryTake(out ReadOnlySpan<byte> taken)
    {
        taken = default;
        uint length = 0;
        for (var shift = 0; shift <= 28; shift += 7)
        {
            if (_rest.IsEmpty)
                return false;
            var b = _rest[0];
            _rest = _rest[1..];
            length |= (uint)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                if (length > _rest.Length)
                    return false;
                taken = _rest[..(int)length];
                _rest = _rest[(int)length..];
                return true;
            }
        }

        return false;
    }
}

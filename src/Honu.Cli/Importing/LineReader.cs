namespace Honu.Cli.Importing;

/// <summary>
/// Cuts a stream into lines without copying them: a line is a slice of the buffer, valid until the next <see cref="FillAsync"/>.
/// The caller finishes with the lines that are there before it waits for more, so that a slow pipe does not hold records back.
/// </summary>
internal sealed class LineReader(Stream stream)
{
    /// <summary>Longest line: the largest value, every byte of it escaped, fits.</summary>
    public const int MaxLineBytes = 128 * 1024 * 1024;

    private const int ReadBytes = 256 * 1024;

    private byte[] _buffer = new byte[ReadBytes];
    private int _start;
    private int _scanned;
    private int _end;
    private bool _ended;

    /// <summary>Number of the line read last, from 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>Bytes of lines handed out.</summary>
    public long BytesRead { get; private set; }

    /// <summary>The next line, without its line end, if all of it is here.</summary>
    public bool TryRead(out ReadOnlyMemory<byte> line)
    {
        var newline = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
        if (newline < 0)
        {
            _scanned = _end;
            if (!_ended || _start == _end)
            {
                line = default;
                return false;
            }

            // The last line of a file may lack its end.
            newline = _end;
        }
        else
        {
            newline += _scanned;
        }

        var length = newline - _start;
        if (length > 0 && _buffer[newline - 1] == '\r')
            length--;
        line = _buffer.AsMemory(_start, length);
        var next = Math.Min(newline + 1, _end);
        BytesRead += next - _start;
        _start = _scanned = next;
        LineNumber++;
        if (LineNumber == 1 && line.Span.StartsWith("\uFEFF"u8))
            line = line[3..];
        return true;
    }

    /// <summary>Waits for more bytes; lines read before are gone then.</summary>
    /// <returns>False at the end of the stream, when <see cref="TryRead"/> has given everything.</returns>
    /// <exception cref="CliException">The line is longer than any record can be.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_ended)
            return false;
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _scanned -= _start;
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            if (_end >= MaxLineBytes)
                throw new BadLineException(LineNumber + 1, $"it is longer than {MaxLineBytes >> 20} MiB");
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        // Reads of a terminal or pipe do not heed cancellation; the wait does.
        var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).AsTask().WaitAsync(cancellationToken);
        _end += count;
        _ended = count == 0;
        return !_ended || _start < _end;
    }
}

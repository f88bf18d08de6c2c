using System.Runtime.CompilerServices;
using Honu.Hosting;

namespace Honu.Cli.Importing;

/// <summary>The records of a file or pipe as batches. At the first bad line it hands over what came before, then throws.</summary>
internal sealed class RecordSource(Stream stream, RecordFormat? format, string defaultNamespace, bool base64, long maxValueBytes)
{
    private const int BatchRecords = 1024;

    private readonly LineReader _lines = new(stream);
    private RecordParser? _parser = format is { } given ? RecordParser.For(given, defaultNamespace, base64, maxValueBytes) : null;

    /// <summary>Bytes of the lines read so far.</summary>
    public long BytesRead => _lines.BytesRead;

    /// <summary>The format given, or found in the first line.</summary>
    public RecordFormat? Format { get; private set; } = format;

    /// <exception cref="BadLineException">A line is not a record.</exception>
    public async IAsyncEnumerable<IReadOnlyList<StoreOperation>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var batch = new List<StoreOperation>(BatchRecords);
        do
        {
            while (_lines.TryRead(out var line))
            {
                if (RecordParser.IsBlank(line.Span, Format))
                    continue;
                var problem = Parser(line.Span).Parse(line, out var operation);
                if (problem is not null)
                {
                    if (batch.Count > 0)
                        yield return batch;
                    throw new BadLineException(_lines.LineNumber, problem);
                }

                batch.Add(operation);
                if (batch.Count < BatchRecords)
                    continue;
                yield return batch;
                batch.Clear();
            }

            // The records are slices of the buffer that the next read overwrites.
            if (batch.Count > 0)
                yield return batch;
            batch.Clear();
        }
        while (await _lines.FillAsync(cancellationToken));
    }

    private RecordParser Parser(ReadOnlySpan<byte> line)
    {
        if (_parser is not null)
            return _parser;
        Format = RecordParser.Detect(line);
        return _parser = RecordParser.For(Format.Value, defaultNamespace, base64, maxValueBytes);
    }
}

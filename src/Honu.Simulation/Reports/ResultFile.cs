using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Honu.Simulation;

/// <summary>
/// Results in a file, one JSON object a line, each written when its run has ended: a run that was stopped goes on where it was. A file may hold
/// results of several scenarios and settings; only those with equal settings count.
/// </summary>
/// <remarks>Safe to call from several threads. A last line that is not whole, because the program was killed while it wrote, is cut off.</remarks>
public sealed class ResultFile : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Design, int Seed), ExperimentResult> _results = [];
    private readonly FileStream _stream;
    private readonly RunSettings _settings;

    private static ReadOnlySpan<byte> LineBegin => "{\"settings\":{\"program\":\""u8;

    private ResultFile(FileStream stream, RunSettings settings) => (_stream, _settings) = (stream, settings);

    /// <summary>Opens the file, or makes it, and reads what it has for these settings.</summary>
    /// <exception cref="FormatException">A line is no result; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be opened, or another process has it open.</exception>
    public static ResultFile Open(string path, RunSettings settings)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(settings);

        // Shared with readers it would be shared with other writers, too, on all systems but Windows.
        var file = new ResultFile(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), settings);
        try
        {
            file.Load(path);
            return file;
        }
        catch
        {
            // Nobody else will close it.
            file.Dispose();
            throw;
        }
    }

    /// <summary>Finds a result that the file had when it was opened, or that was added.</summary>
    public ExperimentResult? Find(string design, int seed)
    {
        lock (_lock)
            return _results.GetValueOrDefault((design, seed));
    }

    /// <summary>Adds a result, and hands it to the operating system before it returns.</summary>
    public void Add(ExperimentResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var line = JsonSerializer.SerializeToUtf8Bytes(new ResultLine(_settings, result), ResultJson.Default.ResultLine);
        lock (_lock)
        {
            _results[(result.Design, result.Seed)] = result;
            _stream.Write([.. line, (byte)'\n']);
            _stream.Flush();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void Load(string path)
    {
        var bytes = new byte[_stream.Length];
        _stream.ReadExactly(bytes);
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        var number = 0;
        foreach (var line in Encoding.UTF8.GetString(bytes.AsSpan(0, whole)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            number++;
            if (Parse(line) is not { } parsed)
                throw new FormatException($"{path}, line {number}: this is no result of a simulation. Name another file, or remove the line.");
            if (parsed.Settings == _settings)
                _results[(parsed.Result.Design, parsed.Result.Seed)] = parsed.Result;
        }

        // A file of something else must stay as it is: only the rest of a line that this class began is cut off.
        if (!IsBegun(bytes.AsSpan(whole)))
            throw new FormatException($"{path}, line {number + 1}: this is no result of a simulation. Name another file, or remove the line.");
        _stream.SetLength(whole);
        _stream.Position = whole;
    }

    private static bool IsBegun(ReadOnlySpan<byte> line) => line.Length < LineBegin.Length ? LineBegin.StartsWith(line) : line.StartsWith(LineBegin);

    private static ResultLine? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ResultJson.Default.ResultLine) is { Settings: not null, Result: not null } parsed ? parsed : null;
        }
        catch (JsonException)
        {
            // Not JSON, or not of this shape: the caller says which line.
            return null;
        }
    }
}

/// <summary>A line of a <see cref="ResultFile"/>.</summary>
internal sealed record ResultLine(RunSettings Settings, ExperimentResult Result);

/// <summary>Reads and writes lines without reflection, so that the program can be compiled ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ResultLine))]
internal sealed partial class ResultJson : JsonSerializerContext;

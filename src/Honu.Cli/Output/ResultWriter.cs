using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Honu.Cli.Output;

/// <summary>Whoever read stdout is gone, as <c>head</c> is after its lines: there is nothing left to do, and nothing to complain about.</summary>
internal sealed class OutputClosedException(IOException innerException) : IOException(innerException.Message, innerException);

/// <summary>Results on stdout: bytes, lines of text, or one JSON object per line. Buffered; dispose to send the rest.</summary>
internal sealed class ResultWriter : IDisposable
{
    private const int FlushBytes = 64 * 1024;

    // Text stays readable; it is never put into HTML.
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly Stream _stream;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushBytes * 2);
    private readonly Utf8JsonWriter _json;

    public ResultWriter()
    {
        _stream = OpenStdout();
        _json = new Utf8JsonWriter(_buffer, JsonOptions);
    }

    /// <summary>Writes one JSON object and a line end.</summary>
    public void Json<TState>(TState state, Action<Utf8JsonWriter, TState> write)
        where TState : allows ref struct
    {
        _json.Reset();
        write(_json, state);
        _json.Flush();
        Append("\n"u8);
    }

    /// <summary>Writes a line of text.</summary>
    public void Line(string text)
    {
        Encoding.UTF8.GetBytes(text, _buffer);
        Append("\n"u8);
    }

    /// <summary>Writes a version: <c>scalar@pid.epoch</c>, or as JSON.</summary>
    public void Version(VersionId version, bool json)
    {
        if (json)
            Json(version, ObjectLine.WriteVersion);
        else
            Line(version.ToString());
    }

    /// <summary>Writes bytes as they are.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _buffer.Write(bytes);
        if (_buffer.WrittenCount >= FlushBytes)
            Flush();
    }

    // EPIPE on Linux and macOS, ERROR_BROKEN_PIPE and ERROR_NO_DATA on Windows.
    private static bool IsClosedPipe(IOException error) => error.HResult is 32 or unchecked((int)0x8007006D) or unchecked((int)0x800700E8);

    /// <summary>Sends what is buffered.</summary>
    public void Flush()
    {
        if (_buffer.WrittenCount == 0)
            return;
        try
        {
            _stream.Write(_buffer.WrittenSpan);
            _stream.Flush();
        }
        catch (IOException e) when (IsClosedPipe(e))
        {
            throw new OutputClosedException(e);
        }
        catch (IOException e)
        {
            // A full disk behind a redirection: what was asked for is not there, so this is no success.
            throw new CliException(ExitCodes.Internal, $"The output could not be written: {e.Message.TrimEnd('.')}. Make room, or write it elsewhere, and run the command again.");
        }
        finally
        {
            // Not twice: the same bytes must not be tried again by Dispose.
            _buffer.ResetWrittenCount();
        }
    }

    public void Dispose()
    {
        Flush();
        _json.Dispose();
        _stream.Dispose();
    }

    // The console's own stream swallows a broken pipe, so an export into "head" would read the whole store for nobody. A file handle
    // reports it; but it keeps its own position, which is wrong for a file that stderr goes to as well.
    private static Stream OpenStdout()
    {
        if (!OperatingSystem.IsWindows() && Console.IsOutputRedirected)
        {
            var file = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!file.CanSeek)
                return file;
        }

        return Console.OpenStandardOutput();
    }
}

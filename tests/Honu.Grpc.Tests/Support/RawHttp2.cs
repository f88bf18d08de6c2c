using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Honu.Grpc.Tests;

/// <summary>Either end of an HTTP/2 connection, frame by frame, as a test wants it. Answers SETTINGS and PING by itself and does nothing else.</summary>
internal sealed class RawHttp2 : IDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte GoAway = 7;
    public const byte EndStream = 1;

    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte Continuation = 9;
    private const byte Ack = 1;
    private const byte EndHeaders = 4;
    private const int FrameBytes = 16 * 1024;
    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    private readonly NetworkStream _stream;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Channel<Frame> _frames = Channel.CreateUnbounded<Frame>();

    private RawHttp2(Socket socket) => _stream = new NetworkStream(socket, ownsSocket: true);

    /// <summary>Becomes the server of the next connection.</summary>
    public static async Task<RawHttp2> AcceptAsync(TcpListener listener)
    {
        var http = new RawHttp2(await listener.AcceptSocketAsync().Guarded());
        await http._stream.ReadExactlyAsync(new byte[Preface.Length]).AsTask().Guarded();
        await http.BeginAsync();
        return http;
    }

    /// <summary>Becomes a client.</summary>
    public static async Task<RawHttp2> ConnectAsync(int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port).Guarded();
        var http = new RawHttp2(socket);
        await http._stream.WriteAsync(Preface);
        await http.BeginAsync();
        return http;
    }

    /// <summary>The next frame that is not one of those that are answered; null when the connection has ended.</summary>
    public async Task<Frame?> ReadAsync() => await _frames.Reader.WaitToReadAsync().AsTask().Guarded() && _frames.Reader.TryRead(out var frame) ? frame : null;

    /// <summary>The next frame of this type.</summary>
    public async Task<Frame> ReadAsync(byte type)
    {
        while (await ReadAsync() is { } frame)
        {
            if (frame.Type == type)
                return frame;
        }

        throw new EndOfStreamException($"The connection ended without a frame of type {type}.");
    }

    public async Task WriteAsync(byte type, byte flags, int stream, ReadOnlyMemory<byte> payload)
    {
        await _writing.WaitAsync();
        try
        {
            await _stream.WriteAsync(Encode(type, flags, stream, payload.Span));
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Bytes that need not be frames.</summary>
    public ValueTask WriteRawAsync(ReadOnlyMemory<byte> bytes) => _stream.WriteAsync(bytes);

    public Task DataAsync(int stream, ReadOnlyMemory<byte> bytes, bool endStream = false) => WriteAsync(Data, endStream ? EndStream : (byte)0, stream, bytes);

    public async Task HeadersAsync(int stream, bool endStream, params (string Name, string Value)[] headers)
    {
        var block = new List<byte>();
        foreach (var (name, value) in headers)
        {
            block.Add(0); // a literal that is not indexed, with a literal name
            AddText(block, name);
            AddText(block, value);
        }

        ReadOnlyMemory<byte> bytes = block.ToArray();
        for (var first = true; first || bytes.Length > 0; first = false)
        {
            var piece = bytes[..Math.Min(FrameBytes, bytes.Length)];
            bytes = bytes[piece.Length..];
            var flags = (bytes.IsEmpty ? EndHeaders : 0) | (first && endStream ? EndStream : 0);
            await WriteAsync(first ? Headers : Continuation, (byte)flags, stream, piece);
        }
    }

    /// <summary>The head of a gRPC request.</summary>
    public Task RequestAsync(int stream, string method, params (string Name, string Value)[] headers) => HeadersAsync(
        stream, false,
        [
            (":method", "POST"), (":scheme", "http"), (":path", $"/honu.grpc.tests.Echo/{method}"), (":authority", "test"), ("te", "trailers"),
            ("content-type", "application/grpc"), .. headers,
        ]);

    /// <summary>The head of a gRPC response.</summary>
    public Task ResponseAsync(int stream) => HeadersAsync(stream, false, (":status", "200"), ("content-type", "application/grpc"));

    public Task StatusAsync(int stream, int status = 0) => HeadersAsync(stream, true, ("grpc-status", status.ToString()));

    public Task ResetAsync(int stream, int code) => WriteAsync(Reset, 0, stream, Number(code));

    public Task GoAwayAsync(int lastStream, int code) => WriteAsync(GoAway, 0, 0, (byte[])[.. Number(lastStream), .. Number(code)]);

    public void Dispose()
    {
        _stream.Dispose();
        _writing.Dispose();
    }

    /// <summary>Many DATA frames of one stream as one piece of bytes.</summary>
    public static byte[] Frames(int stream, IEnumerable<ReadOnlyMemory<byte>> payloads) =>
        [.. payloads.SelectMany(payload => Encode(Data, 0, stream, payload.Span))];

    /// <summary>A message as it stands in DATA frames.</summary>
    public static byte[] Message(ReadOnlySpan<byte> payload) => [0, .. Number(payload.Length), .. payload];

    /// <summary>The grpc-status in a HEADERS frame, which stands there in the clear: this end has no table for the other one to refer to.</summary>
    public static string StatusIn(Frame frame)
    {
        const string Name = "grpc-status\u0001";
        var at = frame.Text.IndexOf(Name, StringComparison.Ordinal);
        return at < 0 ? "" : frame.Text.Substring(at + Name.Length, 1);
    }

    private static byte[] Encode(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    private static byte[] Number(int number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    private static void AddText(List<byte> block, string text)
    {
        // The length has seven bits in the first byte; what does not fit follows in groups of seven bits, the lowest first.
        var left = text.Length - 127;
        block.Add((byte)Math.Min(text.Length, 127));
        if (left >= 0)
        {
            for (; left >= 128; left >>= 7)
                block.Add((byte)(left | 128));
            block.Add((byte)left);
        }

        block.AddRange(Encoding.ASCII.GetBytes(text));
    }

    private async Task BeginAsync()
    {
        await WriteAsync(Settings, 0, 0, (byte[])[0, 1, 0, 0, 0, 0]); // a header table of no bytes
        _ = PumpAsync();
    }

    private async Task PumpAsync()
    {
        try
        {
            var head = new byte[9];
            while (true)
            {
                await _stream.ReadExactlyAsync(head);
                var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8];
                await _stream.ReadExactlyAsync(payload);
                var frame = new Frame(head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
                if (frame.Type is Settings or Ping)
                {
                    if ((frame.Flags & Ack) == 0)
                        await WriteAsync(frame.Type, Ack, 0, frame.Type == Ping ? payload : default);
                }
                else
                {
                    _frames.Writer.TryWrite(frame);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // Either end has closed the connection.
            _frames.Writer.TryComplete();
        }
    }

    internal sealed record Frame(byte Type, byte Flags, int Stream, byte[] Payload)
    {
        public bool IsLast => (Flags & EndStream) != 0;

        public string Text => Encoding.Latin1.GetString(Payload);
    }
}

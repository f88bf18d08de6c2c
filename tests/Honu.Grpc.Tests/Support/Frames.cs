using System.Buffers.Binary;
using System.IO.Compression;
using Google.Protobuf;

namespace Honu.Grpc.Tests;

/// <summary>Messages as they stand in a body: a flag, a length, a payload.</summary>
internal static class Frames
{
    public static byte[] Of(byte[] payload, byte flag = 0)
    {
        var frame = new byte[5 + payload.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame, 5);
        return frame;
    }

    public static byte[] Zipped(IMessage message) => Of(Zip(message.ToByteArray()), flag: 1);

    public static List<(byte Flag, byte[] Payload)> Read(byte[] body)
    {
        var frames = new List<(byte, byte[])>();
        for (var at = 0; at < body.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 1));
            frames.Add((body[at], body[(at + 5)..(at + 5 + length)]));
            at += 5 + length;
        }

        return frames;
    }

    public static byte[] Zip(byte[] plain)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(plain);
        return target.ToArray();
    }

    public static byte[] Unzip(byte[] zipped)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(zipped), CompressionMode.Decompress))
            gzip.CopyTo(target);
        return target.ToArray();
    }

    /// <summary>One MiB of gzip that becomes 1 GiB: gzip data may be appended to gzip data.</summary>
    public static byte[] Bomb()
    {
        var part = Zip(new byte[1024 * 1024]);
        var bomb = new byte[part.Length * 1024];
        for (var i = 0; i < 1024; i++)
            part.CopyTo(bomb, i * part.Length);
        return bomb;
    }
}

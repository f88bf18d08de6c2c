using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Grpc.Core;

namespace Honu.Grpc;

/// <summary>The one compression of messages, and how the two sides agree on it.</summary>
internal static class Gzip
{
    public const string Name = "gzip";

    /// <summary>What this runtime can decompress, as the value of <c>grpc-accept-encoding</c>.</summary>
    public const string Accepted = "identity,gzip";

    /// <summary>Metadata with this name chooses the encoding of a call, as in other runtimes; it is not sent.</summary>
    public const string RequestKey = "grpc-internal-encoding-request";

    /// <summary>Whether the value of a <c>grpc-accept-encoding</c> header has gzip in it.</summary>
    public static bool IsIn(string accepted) => accepted.Split(',', StringSplitOptions.TrimEntries).Contains(Name, StringComparer.Ordinal);

    /// <summary>Whether one side of a call sends with gzip: as metadata for this call say, else as the option says.</summary>
    /// <exception cref="NotSupportedException">The metadata name another encoding.</exception>
    public static bool IsChosen(Metadata? metadata, RpcCompression option) => metadata?.GetValue(RequestKey) switch
    {
        null => option == RpcCompression.Gzip,
        Name => true,
        "identity" => false,
        var other => throw new NotSupportedException($"The encoding \"{other}\" is not supported; choose {Name} or identity."),
    };

    public static ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> payload)
    {
        var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(payload);
        return target.GetBuffer().AsMemory(0, (int)target.Length);
    }

    /// <summary>Decompresses into <paramref name="output"/>; false when that exceeds the limit. The memory grows with the data, a bomb ends at the limit.</summary>
    /// <exception cref="InvalidDataException">The data is damaged or cut off.</exception>
    public static bool TryDecompress(in ReadOnlySequence<byte> compressed, PooledBuffer output, int maxBytes)
    {
        const int StepBytes = 16 * 1024;
        const int EmptyBytes = 18; // a header of 10 bytes and a trailer of 8
        var array = ArrayPool<byte>.Shared.Rent((int)compressed.Length);
        try
        {
            compressed.CopyTo(array);
            using var gzip = new GZipStream(new MemoryStream(array, 0, (int)compressed.Length, writable: false), CompressionMode.Decompress);
            while (gzip.Read(output.GetSpan(StepBytes)) is > 0 and var count)
            {
                output.Advance(count);
                if (output.Length > maxBytes)
                    return false;
            }

            // GZipStream takes data that are cut off for whole. They end with their length; of one member, since no compressor of messages makes two.
            // No data at all are what .NET makes of an empty message.
            long length = compressed.Length < EmptyBytes ? -compressed.Length : BinaryPrimitives.ReadUInt32LittleEndian(array.AsSpan((int)compressed.Length - sizeof(uint)));
            return length == output.Length ? true : throw new InvalidDataException("The gzip data are cut off.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}

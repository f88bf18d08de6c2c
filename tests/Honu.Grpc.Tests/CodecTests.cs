using System.Buffers;
using Grpc.Core;

namespace Honu.Grpc.Tests;

/// <summary>The small encodings of the protocol, and the writer that frames messages.</summary>
public sealed class CodecTests
{
    [Theory]
    [InlineData(1, "1u")]
    [InlineData(10, "1u")]
    [InlineData(11, "2u")]
    [InlineData(TimeSpan.TicksPerSecond, "1000000u")]
    [InlineData(TimeSpan.TicksPerSecond * 100, "100000m")]
    [InlineData(TimeSpan.TicksPerDay * 2, "172800S")]
    [InlineData(TimeSpan.TicksPerDay * 3650, "5256000M")]
    [InlineData(long.MaxValue, "99999999H")]
    public void Timeout_Encoded_IsTheFinestUnitThatFits(long ticks, string expected)
    {
        Assert.Equal(expected, TimeoutHeader.Encode(new TimeSpan(ticks)));
    }

    [Theory]
    [InlineData("1H", TimeSpan.TicksPerHour)]
    [InlineData("2M", 2 * TimeSpan.TicksPerMinute)]
    [InlineData("99999999S", 99_999_999 * TimeSpan.TicksPerSecond)]
    [InlineData("5m", 5 * TimeSpan.TicksPerMillisecond)]
    [InlineData("7u", 70)]
    [InlineData("250n", 2)]
    public void Timeout_Decoded_IsTheTime(string value, long ticks)
    {
        Assert.True(TimeoutHeader.TryDecode(value, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("5")]
    [InlineData("-5S")]
    [InlineData("+5S")]
    [InlineData("5 S")]
    [InlineData("100000000S")]
    public void Timeout_Malformed_IsRefused(string value)
    {
        Assert.False(TimeoutHeader.TryDecode(value, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain text ~")]
    [InlineData("100 %")]
    [InlineData("%41")]
    [InlineData("\t\n“☂” 𝄞")]
    public void Message_EncodedAndDecoded_IsTheSame(string text)
    {
        var encoded = PercentEncoding.Encode(text);

        Assert.All(encoded, character => Assert.InRange(character, ' ', '~'));
        Assert.Equal(text, PercentEncoding.Decode(encoded));
    }

    [Fact]
    public void Message_OfALoneSurrogate_IsReplaced()
    {
        Assert.Equal("\uFFFD", PercentEncoding.Decode(PercentEncoding.Encode("\uD834")));
    }

    [Fact]
    public void BinaryHeader_JoinedAndUnpadded_IsSeveralEntries()
    {
        var metadata = new Metadata();

        MetadataCodec.Add(metadata, "Data-Bin", "AQI, AQI=,,AQID");

        Assert.Equal([[1, 2], [1, 2], [], [1, 2, 3]], metadata.GetAll("data-bin").Select(entry => entry.ValueBytes));
    }

    [Fact]
    public void BinaryHeader_NotBase64_IsInternal()
    {
        var failure = Assert.Throws<RpcException>(() => MetadataCodec.Add([], "data-bin", "!!"));

        Assert.Equal(StatusCode.Internal, failure.StatusCode);
    }

    [Fact]
    public void Writer_SerializerOfWholeArrays_IsFramed()
    {
        var output = new ArrayBufferWriter<byte>();

        var bytes = new MessageWriter(100).Write(output, "abc", Marshallers.StringMarshaller.ContextualSerializer);

        Assert.Equal(8, bytes);
        Assert.Equal([0, 0, 0, 0, 3, (byte)'a', (byte)'b', (byte)'c'], output.WrittenSpan.ToArray());
    }

    [Fact]
    public void Writer_SerializerWithoutALength_IsFramed()
    {
        var output = new ArrayBufferWriter<byte>();

        new MessageWriter(100).Write(output, "abc", static (_, context) =>
        {
            context.GetBufferWriter().Write("xy"u8);
            context.Complete();
        });

        Assert.Equal([0, 0, 0, 0, 2, (byte)'x', (byte)'y'], output.WrittenSpan.ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Writer_SerializerThatLiesAboutItsLength_IsInternal(int declared)
    {
        var failure = Assert.Throws<RpcException>(() => new MessageWriter(100).Write(new ArrayBufferWriter<byte>(), "abc", (_, context) =>
        {
            context.SetPayloadLength(declared);
            context.GetBufferWriter().Write("xy"u8);
            context.Complete();
        }));

        Assert.Equal(StatusCode.Internal, failure.StatusCode);
    }

    [Fact]
    public void Writer_MessageAboveTheLimit_TouchesNothing()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new MessageWriter(2);

        var failure = Assert.Throws<RpcException>(() => writer.Write(output, "abc", Marshallers.StringMarshaller.ContextualSerializer));

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        Assert.Equal((0, false), (output.WrittenCount, writer.Touched));
    }
}

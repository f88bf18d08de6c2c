using Honu.Format;
using Honu.TestKit;

namespace Honu.Tests.Format;

public class RecordTests
{
    private static readonly ReplicaId Writer = new(7, 3);

    /// <summary>Every combination of optional parts, told by the bits of the case.</summary>
    internal static IEnumerable<Sample> Samples()
    {
        for (var bits = 0; bits < 1 << 7; bits++)
        {
            var parent = (bits & 3) switch { 1 => new VersionId(40, Writer), 2 => new VersionId(41, new ReplicaId(2, 0)), _ => default };
            var context = (bits & 4) == 0 ? null : CausalContext.Of(new VersionId(41, new ReplicaId(2, 0))).With(new VersionId(12, new ReplicaId(9, 1))).With(parent.IsNone ? new VersionId(7, Writer) : parent);
            var creator = (bits & 8) == 0 ? Writer : new ReplicaId(1, 0);
            var losers = (bits & 16) == 0 ? null : CausalContext.Of(new VersionId(39, new ReplicaId(5, 0)));
            var local = new LocalPart((bits & 32) == 0 ? 0UL : 9, losers, (bits & 64) != 0);
            yield return new Sample(parent, context, creator, local, IsTombstone: false, "value"u8.ToArray());
            yield return new Sample(parent, context, creator, local, IsTombstone: true, []);
            yield return new Sample(parent, context, creator, local, IsTombstone: false, "four"u8.ToArray(), Expiry: 43);
            yield return new Sample(parent, context, creator, local, IsTombstone: false, "value"u8.ToArray(), Expiry: StoreLimits.MaxScalar, IsDropped: true);
        }
    }

    [Fact]
    public void TryParse_WhatWasWritten_GivesEveryPartBack()
    {
        foreach (var sample in Samples())
        {
            var bytes = sample.Write();

            Assert.True(RecordReader.TryParse(bytes, out var record));
            Assert.True(record.Verify("key"u8));
            Assert.False(record.Verify("kez"u8));
            Assert.Equal(Sample.Version, record.Version);
            Assert.Equal(sample.Parent, record.Parent);
            Assert.Equal(sample.Creator, record.Creator);
            Assert.Equal(sample.Context ?? CausalContext.Of(sample.Parent), record.Context);
            Assert.Equal(sample.Local.Losers ?? CausalContext.Empty, record.Losers);
            Assert.Equal(sample.Local.HistorySequence, record.HistorySequence);
            Assert.Equal(sample.Local.LostConflict, record.LostConflict);
            Assert.Equal(sample.IsTombstone || sample.IsDropped, record.IsTombstone);
            Assert.Equal(sample.IsDropped, record.IsDropped);
            Assert.Equal(sample.Expiry, record.Expiry);
            Assert.Equal(RecordChecksum.OfValue(sample.Value), record.ValueState);
            Assert.True(record.Value.SequenceEqual(sample.IsDropped ? [] : sample.Value));
        }
    }

    [Fact]
    public void CopyPortable_AnyLocalPart_GivesTheSameBytesThatStillVerify()
    {
        foreach (var sample in Samples())
        {
            Assert.True(RecordReader.TryParse(sample.Write(), out var record));
            var portable = new byte[record.PortableLength];
            Assert.Equal(portable.Length, record.CopyPortable(portable));

            Assert.Equal((sample with { Local = default }).Write(), portable);
            Assert.True(RecordReader.TryParse(portable, out var travelled) && travelled.Verify("key"u8));
            Assert.Equal(sample.Write(), new RecordWriter().Rewrite(travelled, sample.Local).ToArray());
        }
    }

    [Fact]
    public void TryParse_CutAnywhere_IsRejectedOrFailsItsChecksum()
    {
        foreach (var sample in Samples())
        {
            var bytes = sample.Write();
            for (var length = 0; length < bytes.Length; length++)
                Assert.False(IsAccepted(bytes.AsSpan(0, length)), $"{sample} cut to {length} of {bytes.Length} bytes");
        }
    }

    [Fact]
    public void TryParse_AnyBitFlipped_IsRejectedOrFailsItsChecksum()
    {
        foreach (var sample in Samples())
        {
            var bytes = sample.Write();
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(IsAccepted(bytes), $"{sample} with bit {bit} flipped");
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
    }

    [Fact]
    public void TryParse_RandomBytes_NeverThrows() => Seeds.Run(usualSeed: 1, usualRuns: 2000, static seed =>
    {
        var generator = new ByteGenerator(seed);
        var bytes = generator.Bytes(generator.Random.Next(200));
        if (bytes.Length > 0 && seed % 2 == 0)
            bytes[0] &= RecordLayout.KnownFlags; // else nearly all fail at the first byte

        if (RecordReader.TryParse(bytes, out var record))
            Assert.False(record.Verify(generator.Key()), "Random bytes passed a 32-bit checksum.");
    });

    [Theory]
    [InlineData(40UL, 40UL)]
    [InlineData(40UL, 41UL)]
    [InlineData(40UL, 0UL)]
    public void TryParse_ParentNotBeforeItsChild_IsRejected(ulong scalar, ulong parent)
    {
        var bytes = new RecordWriter().Write("key"u8, [], RecordChecksum.OfValue([]), isTombstone: false, new VersionId(scalar, Writer), new VersionId(39, Writer), context: null, Writer, default).ToArray();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(RecordLayout.HeaderBytes), parent);

        Assert.False(RecordReader.TryParse(bytes, out _));
    }

    [Fact]
    public void TryParse_TombstoneWithAValue_IsRejected()
    {
        byte[] bytes = [.. new Sample(default, null, Writer, default, IsTombstone: true, []).Write(), 1];

        Assert.False(RecordReader.TryParse(bytes, out _));
    }

    [Fact]
    public void Write_LargestParts_FitTheLayoutsLimits()
    {
        var full = Enumerable.Range(1, CausalContext.MaxOrigins).Aggregate(CausalContext.Empty, static (context, i) => context.With(new VersionId((ulong)i, new ReplicaId((uint)i, 0))));
        var bytes = new Sample(new VersionId(2, new ReplicaId(2, 0)), full, new ReplicaId(1, 0), new LocalPart(ulong.MaxValue, full, LostConflict: true), IsTombstone: false, [1], Expiry: 43, IsDropped: true).Write();

        Assert.Equal(RecordLayout.MaxOverheadBytes, bytes.Length);
        Assert.True(IsAccepted(bytes));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(41UL)]
    [InlineData(42UL)]
    [InlineData(StoreLimits.MaxScalar + 1)]
    [InlineData(ulong.MaxValue)]
    public void TryParse_ExpiryThatNoClockGives_IsRejected(ulong expiry)
    {
        var bytes = new Sample(default, null, Writer, default, IsTombstone: false, [], Expiry: 43).Write();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(RecordLayout.HeaderBytes), expiry);

        Assert.False(RecordReader.TryParse(bytes, out _));
    }

    [Fact]
    public void TryParse_DroppedRecordWithAValue_IsRejected()
    {
        byte[] bytes = [.. new Sample(default, null, Writer, default, IsTombstone: false, [1], Expiry: 43, IsDropped: true).Write(), 1];

        Assert.False(RecordReader.TryParse(bytes, out _));
    }

    /// <summary>The same version with and without its value has one checksum.</summary>
    [Fact]
    public void Drop_AnyRecordThatExpires_KeepsItsChecksum()
    {
        foreach (var sample in Samples().Where(static sample => sample.IsDropped))
        {
            Assert.True(RecordReader.TryParse(sample.Write(), out var dropped));
            Assert.True(RecordReader.TryParse((sample with { IsDropped = false }).Write(), out var whole));

            Assert.Equal(whole.Checksum, dropped.Checksum);
            Assert.Equal(whole.Version, dropped.Version);
        }
    }

    // The bytes on disk and on the wire: a change of any of them is a new format, not a change of this test.
    [Fact]
    public void Write_WorkedExample_HasTheseBytes()
    {
        var writer = new RecordWriter();
        var first = writer.Write("user/1"u8, "Ada"u8, RecordChecksum.OfValue("Ada"u8), isTombstone: false, new VersionId(0x0102030405060708, new ReplicaId(7, 0)), default, context: null, new ReplicaId(7, 0), default).ToArray();
        var context = CausalContext.Of(new VersionId(5, new ReplicaId(2, 1))).With(new VersionId(0x0102030405060708, new ReplicaId(7, 0)));
        var second = writer.Write("user/1"u8, "Eve"u8, RecordChecksum.OfValue("Eve"u8), isTombstone: false, new VersionId(0x0102030405060709, new ReplicaId(9, 2)), new VersionId(0x0102030405060708, new ReplicaId(7, 0)), context, new ReplicaId(7, 0), new LocalPart(4, CausalContext.Of(new VersionId(3, new ReplicaId(1, 0))))).ToArray();

        Assert.Equal("00080706050403020100000000070000000E46617A416461", Convert.ToHexString(first));
        Assert.Equal(
            "5C09070605040302010200000009000000D6F9F4870807060504030201000000"
            + "0007000000020100000002000000050000000000000000000000070000000807"
            + "0605040302010000000007000000030400000000000000010000000001000000"
            + "0300000000000000F5F467AB457665",
            Convert.ToHexString(second));
    }

    // Example 6 of docs/format.md.
    [Fact]
    public void Write_WorkedExampleWithExpiry_HasTheseBytes()
    {
        var writer = new RecordWriter();
        var whole = writer.Write("k"u8, "hi"u8, RecordChecksum.OfValue("hi"u8), isTombstone: false, new VersionId(0x018BCFE568010000, new ReplicaId(1, 0)), default, context: null, new ReplicaId(1, 0), default, expiry: 0x018BCFE568010000 + (60_000UL << 16)).ToArray();
        Assert.True(RecordReader.TryParse(whole, out var record));
        var dropped = new RecordWriter().Drop(record).ToArray();

        Assert.Equal("2000000168E5CF8B01000000000100000058770DEF00006152E6CF8B016869", Convert.ToHexString(whole));
        Assert.Equal("2100000168E5CF8B01000000000100000058770DEF00006152E6CF8B013D26620A", Convert.ToHexString(dropped));
    }

    private static bool IsAccepted(ReadOnlySpan<byte> bytes) => RecordReader.TryParse(bytes, out var record) && record.Verify("key"u8);

    internal sealed record Sample(VersionId Parent, CausalContext? Context, ReplicaId Creator, LocalPart Local, bool IsTombstone, byte[] Value, ulong Expiry = 0, bool IsDropped = false)
    {
        public static readonly VersionId Version = new(42, Writer);

        public byte[] Write()
        {
            var bytes = new RecordWriter().Write("key"u8, Value, RecordChecksum.OfValue(Value), IsTombstone, Version, Parent, Context, Creator, Local, Expiry).ToArray();
            if (!IsDropped)
                return bytes;
            Assert.True(RecordReader.TryParse(bytes, out var record));
            return new RecordWriter().Drop(record).ToArray();
        }
    }
}

using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Applying;
using Outcome = Honu.Replication.Messages.RumorAnswer.Types.Outcome;

namespace Honu.Replication.Tests.Rumors;

/// <summary>A batch that no honest replica sends, made of a good one. Tried on the state machine, and over gRPC on a server.</summary>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Expected">How it is answered.</param>
/// <param name="Spoil">Makes it so; the replica is the one that receives it.</param>
internal sealed record HostileRumor(string Name, Outcome Expected, Action<RumorBatch, ReplicaId> Spoil)
{
    /// <summary>Whether what it brings is taken all the same.</summary>
    public bool IsTaken { get; init; }
}

internal static class HostileRumors
{
    private const ulong TwoDays = 172_800_000UL << 16;

    public static IReadOnlyList<HostileRumor> All { get; } =
    [
        new("no rumors", Outcome.Malformed, static (batch, _) => batch.Rumors.Clear()),
        new("too many rumors", Outcome.Malformed, static (batch, _) => batch.Rumors.Add(Enumerable.Repeat(batch.Rumors[0], 8192))),
        new("sender 0", Outcome.Malformed, static (batch, _) => batch.Sender = 5),
        new("origin 0", Outcome.Malformed, static (batch, _) => batch.Rumors[0].Origin = 5),
        new("an empty range", Outcome.Malformed, static (batch, _) => batch.Rumors[0].From = batch.Rumors[0].To),
        new("a range beyond every scalar", Outcome.Malformed, static (batch, _) => batch.Rumors[0].To = ulong.MaxValue),
        new("a range two days ahead", Outcome.Malformed, static (batch, _) => batch.Rumors[0].To += TwoDays),
        new("a namespace without a name", Outcome.Malformed, static (batch, _) => batch.Rumors[0].Namespace = ""),
        new("a long introduction", Outcome.Malformed, static (batch, _) => batch.Introduction = ByteString.CopyFrom(new byte[9])),
        new("thousands to deliver to", Outcome.Malformed, static (batch, _) => batch.Deliver.Add(Enumerable.Repeat(9u, 1000))),
        new("a block that is cut off", Outcome.Malformed, static (batch, _) => batch.Rumors[0].Records = ByteString.CopyFrom(batch.Rumors[0].Records.Span[..^1])),
        new("a record with a wrong checksum", Outcome.Malformed, static (batch, _) => batch.Rumors[0].Records = Damage(batch.Rumors[0].Records)),
        new("a record two days ahead", Outcome.Malformed, static (batch, _) => batch.Rumors[0].Records = Block(new VersionId(batch.Rumors[0].To + TwoDays, ReplicaId.FromUInt64(batch.Rumors[0].Origin)))),
        new("a stranger", Outcome.NotIntroduced, static (batch, _) => batch.Sender = new ReplicaId(99, 1).ToUInt64()),
        new("a wrong introduction", Outcome.NotIntroduced, static (batch, _) => batch.Introduction = ByteString.CopyFrom(new byte[8])),
        new("the receiver's own name", Outcome.Forbidden, static (batch, receiver) => batch.Sender = receiver.ToUInt64()),
        new("a region to deliver to that nobody knows", Outcome.Busy, static (batch, _) => batch.Deliver.Add(99)) { IsTaken = true },
    ];

    /// <summary>A batch as a good replica sends it: one write of another epoch of its own, made now.</summary>
    /// <param name="sender">Who sends it.</param>
    /// <param name="introduction">By what it shows that it was met.</param>
    /// <param name="now">A scalar of the present.</param>
    public static RumorBatch Good(ReplicaId sender, ByteString introduction, ulong now)
    {
        var origin = OriginOf(sender);
        var rumor = new Rumor { Namespace = HonuStore.DefaultNamespace, Origin = origin.ToUInt64(), From = 0, To = now, Records = Block(new VersionId(now, origin)) };
        return new RumorBatch { Sender = sender.ToUInt64(), Introduction = introduction, Rumors = { rumor } };
    }

    /// <summary>Whose write a good batch brings.</summary>
    public static ReplicaId OriginOf(ReplicaId sender) => new(sender.Pid, 77);

    /// <summary>A block of one record, of the key <c>hostile</c>.</summary>
    public static ByteString Block(VersionId version) => ByteString.CopyFrom(RecordBuilder.Block(new RecordBuilder("hostile") { Version = version }));

    private static ByteString Damage(ByteString block)
    {
        var bytes = block.ToByteArray();
        bytes[^1] ^= 1;
        return ByteString.CopyFrom(bytes);
    }
}

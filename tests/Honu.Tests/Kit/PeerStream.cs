using Honu.Format;

namespace Honu.Tests.Kit;

/// <summary>What a replication session does with one namespace, without a network: one store's difference to another is streamed and joined.</summary>
internal static class PeerStream
{
    /// <summary>Streams everything of a namespace that <paramref name="to"/> does not cover.</summary>
    public static ApplyResult Send(HonuStore from, HonuStore to, string ns = HonuStore.DefaultNamespace)
    {
        using var snapshot = from.Replication.CreateSnapshot();
        var known = to.Replication.State(ns).Vector;
        var block = new RecordBlockWriter();
        snapshot.ReadUncovered(ns, known, position: default, block, int.MaxValue, int.MaxValue);
        return End(from, to, ns, known, snapshot.Vector(ns), block);
    }

    /// <summary>Applies a stream's chunk that is not the last.</summary>
    public static void Chunk(HonuStore from, HonuStore to, string ns, VersionVector target, VersionId position, RecordBlockWriter block) =>
        to.Replication.Apply(ns, block.Bytes.Span, new StreamCursor(from.Identity.Replica, from.Identity.Incarnation, target, position), join: null);

    /// <summary>Applies a stream's last chunk.</summary>
    public static ApplyResult End(HonuStore from, HonuStore to, string ns, VersionVector @base, VersionVector target, RecordBlockWriter block) =>
        to.Replication.Apply(ns, block.Bytes.Span, new StreamCursor(from.Identity.Replica, from.Identity.Incarnation, target, default), new VectorJoin(@base, target));
}

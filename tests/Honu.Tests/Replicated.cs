using Honu.Format;

namespace Honu.Tests;

/// <summary>Replication without a protocol, for tests of what the store makes of it.</summary>
internal static class Replicated
{
    /// <summary>What a session does: everything that the vector lacks, then the join.</summary>
    public static void Pull(HonuStore to, HonuStore from)
    {
        var block = new RecordBlockWriter();
        foreach (var ns in from.Namespaces)
        {
            var @base = to.Replication.State(ns).Vector;
            var target = from.Replication.State(ns).Vector;
            using var snapshot = from.Replication.CreateSnapshot();
            VersionId position = default;
            do
            {
                block.Clear();
                position = snapshot.ReadUncovered(ns, @base, position, block, 512, 1 << 20);
                to.Replication.Apply(ns, block.Bytes.Span, cursor: null, position.IsNone ? new VectorJoin(@base, target) : null);
            }
            while (!position.IsNone);
        }
    }
}

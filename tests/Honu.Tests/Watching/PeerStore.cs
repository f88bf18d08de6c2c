using Honu.Format;
using Honu.Tests.Store;

namespace Honu.Tests.Watching;

/// <summary>Carries records between two stores as a session does, whole or in part.</summary>
internal static class PeerStore
{
    /// <summary>An empty store in memory with the same clock.</summary>
    public static HonuStore Open(OpenStore other, uint pid) => HonuStore.OpenInMemory(new HonuStoreOptions
    {
        Pid = pid,
        Clock = other.Store.Identity.Clock,
        Environment = StoreEnvironment.Machine with { Time = other.Time },
    });

    /// <summary>Brings <paramref name="to"/> everything that <paramref name="from"/> has, and joins the vectors.</summary>
    public static void Sync(HonuStore from, HonuStore to, string ns) => Send(from, to, ns, int.MaxValue);

    /// <summary>Brings <paramref name="to"/> at most so many records; the vectors are joined only if that was everything.</summary>
    public static void Send(HonuStore from, HonuStore to, string ns, int maxRecords)
    {
        var @base = to.Replication.State(ns).Vector;
        using var snapshot = from.Replication.CreateSnapshot();
        var block = new RecordBlockWriter();
        var rest = snapshot.ReadUncovered(ns, @base, position: default, block, maxRecords, maxBytes: int.MaxValue);
        to.Replication.Apply(ns, block.Bytes.Span, cursor: null, rest.IsNone ? new VectorJoin(@base, snapshot.Vector(ns)) : null);
    }
}

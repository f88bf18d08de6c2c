using System.Collections.Concurrent;
using System.Text;
using Honu.Engines;

namespace Honu.Format;

/// <summary>What is known of the replicas that wrote here: region and owner. Read from any thread.</summary>
internal sealed class ReplicaDictionary
{
    private readonly ConcurrentDictionary<ReplicaId, ReplicaDescription> _known = new();

    public ReplicaDescription? Find(ReplicaId replica) => _known.GetValueOrDefault(replica);

    /// <summary>Remembers a description; adds it to <paramref name="batch"/> when it is new or has changed.</summary>
    public void Set(ReplicaId replica, ReplicaDescription description, EngineBatch batch)
    {
        if (description == Find(replica))
            return;
        _known[replica] = description;
        var region = Encoding.UTF8.GetBytes(description.Region ?? "");
        var owner = Encoding.UTF8.GetBytes(description.Owner ?? "");
        MetaRecords.Put(batch, MetaRecords.ReplicaKey(replica), [(byte)region.Length, .. region, .. owner]);
    }

    public void Load(IStorageEngine engine)
    {
        byte[] prefix = [KeySpaces.Meta, (byte)'r'];
        using var entries = engine.CreateIterator();
        for (entries.Seek(prefix); entries.IsValid && entries.Key.StartsWith(prefix); entries.Next())
        {
            // "M r replica" has ten bytes; the record named "run" is another one.
            if (entries.Key.Length != 10)
                continue;
            var payload = MetaRecords.Open(entries.Key, entries.Value);
            if (payload.IsEmpty || payload.Length < 1 + payload[0])
                throw MetaRecords.Damaged(entries.Key);
            var replica = ReplicaId.FromUInt64(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(entries.Key[2..]));
            _known[replica] = new ReplicaDescription(Name(payload.Slice(1, payload[0])), Name(payload[(1 + payload[0])..]));
        }
    }

    private static string? Name(ReadOnlySpan<byte> utf8) => utf8.IsEmpty ? null : Encoding.UTF8.GetString(utf8);
}

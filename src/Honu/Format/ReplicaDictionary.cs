using System.Collections.Concurrent;
using System.Text;
using Honu.Engines;

namespace Honu.Format;

/// <summary>What is known of the replicas that wrote here: region, owner and store. Read from any thread.</summary>
internal sealed class ReplicaDictionary
{
    private const int StoreIdBytes = 16;

    // Whoever says Hello is remembered, under each of its epochs: names that were made up must not fill memory and disk.
    private const int MaxKnown = 4 * VersionVector.MaxOrigins;

    private readonly ConcurrentDictionary<ReplicaId, ReplicaDescription> _known = new();

    public ReplicaDescription? Find(ReplicaId replica) => _known.GetValueOrDefault(replica);

    /// <summary>The store that writes under a pid, whatever its epoch; <see langword="null"/> when nobody is known to.</summary>
    public Guid? FindStore(uint pid)
    {
        foreach (var (replica, description) in _known)
        {
            if (replica.Pid == pid)
                return description.Store;
        }

        return null;
    }

    /// <summary>Remembers a description; adds it to <paramref name="batch"/> when it is new or has changed.</summary>
    public void Set(ReplicaId replica, ReplicaDescription description, EngineBatch batch)
    {
        var known = Find(replica);
        if (description == known || (known is null && _known.Count >= MaxKnown))
            return;
        _known[replica] = description;
        var region = Encoding.UTF8.GetBytes(description.Region ?? "");
        var owner = Encoding.UTF8.GetBytes(description.Owner ?? "");
        MetaRecords.Put(batch, MetaRecords.ReplicaKey(replica), [.. description.Store.ToByteArray(bigEndian: true), (byte)region.Length, .. region, .. owner]);
    }

    /// <summary>Reads what is stored, in place of what is known.</summary>
    public void Load(IStorageEngine engine)
    {
        _known.Clear();
        byte[] prefix = [KeySpaces.Meta, (byte)'r'];
        using var entries = engine.CreateIterator();
        for (entries.Seek(prefix); entries.IsValid && entries.Key.StartsWith(prefix); entries.Next())
        {
            // "M r replica" has ten bytes; the record named "run" is another one.
            if (entries.Key.Length != 10)
                continue;
            var payload = MetaRecords.Open(entries.Key, entries.Value);
            if (payload.Length <= StoreIdBytes || payload.Length < StoreIdBytes + 1 + payload[StoreIdBytes])
                throw MetaRecords.Damaged(entries.Key);
            var replica = ReplicaId.FromUInt64(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(entries.Key[2..]));
            _known[replica] = Read(payload);
        }

        entries.ThrowIfFailed();
    }

    private static ReplicaDescription Read(ReadOnlySpan<byte> payload)
    {
        var names = payload[(StoreIdBytes + 1)..];
        var regionLength = payload[StoreIdBytes];
        return new ReplicaDescription(Name(names[..regionLength]), Name(names[regionLength..]), new Guid(payload[..StoreIdBytes], bigEndian: true));
    }

    private static string? Name(ReadOnlySpan<byte> utf8) => utf8.IsEmpty ? null : Encoding.UTF8.GetString(utf8);
}

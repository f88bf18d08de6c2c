using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Honu.Format;

namespace Honu.ReplicationBenchmarks;

/// <summary>The objects of the scenarios: 16-digit keys, incompressible values of 100 bytes.</summary>
internal static class Data
{
    public const int ValueBytes = 100;

    public static byte[] Key(int i) => Encoding.ASCII.GetBytes(i.ToString("D16", CultureInfo.InvariantCulture));

    public static void Fill(HonuStore store, int objects)
    {
        var random = new Random((int)store.Identity.Replica.Pid);
        var value = new byte[ValueBytes];
        for (var i = 0; i < objects; i++)
        {
            random.NextBytes(value);
            store.Put(Key(i), value);
        }
    }

    /// <summary>Lets a store receive one object of each of as many other replicas, so that its vector names them all.</summary>
    public static void AddOrigins(HonuStore store, string directory, int origins)
    {
        for (var i = 0; i < origins; i++)
        {
            var path = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"origin-{i}"));
            using (var other = HonuStore.Open(path, new HonuStoreOptions { Pid = (uint)(1000 + i) }))
            {
                other.Put(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"of origin {i}")), "x"u8);
                Send(other, store);
            }

            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>A digest of all entries with their versions: equal for equal exports.</summary>
    public static string Hash(HonuStore store)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var ns in store.Namespaces)
        {
            foreach (var entry in store.Namespace(ns).Scan(new ScanOptions { IncludeTombstones = true }))
            {
                hash.AppendData(entry.Key);
                hash.AppendData(Encoding.UTF8.GetBytes(entry.Version.Id.ToString()));
                hash.AppendData(entry.Value);
            }
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>Everything that the other store lacks, without a network.</summary>
    public static void Send(HonuStore from, HonuStore to)
    {
        using var snapshot = from.Replication.CreateSnapshot();
        var known = to.Replication.State(HonuStore.DefaultNamespace).Vector;
        var target = snapshot.Vector(HonuStore.DefaultNamespace);
        var block = new RecordBlockWriter();
        VersionId position = default;
        do
        {
            block.Clear();
            position = snapshot.ReadUncovered(HonuStore.DefaultNamespace, known, position, block, maxRecords: 1000, maxBytes: 1 << 20);
            var cursor = new StreamCursor(from.Identity.Replica, from.Identity.Incarnation, target, position);
            to.Replication.Apply(HonuStore.DefaultNamespace, block.Bytes.Span, cursor, position.IsNone ? new VectorJoin(known, target) : null);
        }
        while (!position.IsNone);
    }
}

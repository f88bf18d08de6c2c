using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Honu.Engines;
using Honu.Format;

namespace Honu.Tests.Care;

/// <summary>Stores with a bit of everything, and ways to look at and to spoil their bytes.</summary>
internal static class CareStore
{
    public static HonuStoreOptions Options => new() { Pid = 1 };

    /// <summary>Objects, histories, tombstones, several namespaces, and records of another replica.</summary>
    public static void Fill(HonuStore store, int objects = 40)
    {
        for (var i = 0; i < objects; i++)
        {
            store.Put(Key(i), Encoding.UTF8.GetBytes($"first {i}"));
            if (i % 2 == 0)
                store.Put(Key(i), Encoding.UTF8.GetBytes($"second {i}"));
            if (i % 5 == 0)
                store.Delete(Key(i));
            store.Namespace("other").Put(Key(i), Encoding.UTF8.GetBytes($"other {i}"));
        }

        var foreign = new VersionId(store.Replication.ClockScalar, new ReplicaId(2, 0));
        var target = new VersionVector();
        target.Advance(foreign.Replica, foreign.Scalar);
        store.Replication.Apply("other", Clocks.ForeignRecord.Block("foreign", foreign), cursor: null, new VectorJoin(new VersionVector(), target));
    }

    public static byte[] Key(int i) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"key/{i:D4}"));

    /// <summary>Every object with its versions, as text.</summary>
    public static string Describe(HonuStore store)
    {
        var text = new StringBuilder();
        foreach (var ns in store.Namespaces)
        {
            foreach (var entry in store.Namespace(ns).Scan(new ScanOptions { IncludeTombstones = true }))
            {
                text.Append(ns).Append(' ').Append(Convert.ToHexString(entry.Key));
                foreach (var version in store.Namespace(ns).History(entry.Key))
                    text.Append(' ').Append(version.Version.Id).Append('=').Append(Convert.ToHexString(version.Value.Span)).Append(version.LostConflict);
                text.Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>Works on the entries of a closed store.</summary>
    public static void Edit(string path, Action<IStorageEngine, EngineBatch> edit)
    {
        using var engine = LevelDbEngine.Factory.Open(path, Options);
        using var batch = engine.CreateBatch();
        edit(engine, batch);
        engine.Write(batch, sync: true);
    }

    /// <summary>Every entry of a closed store, as hexadecimal.</summary>
    public static SortedDictionary<string, string> Entries(string path)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Edit(path, (engine, _) =>
        {
            using var entries = engine.CreateIterator();
            for (entries.Seek([]); entries.IsValid; entries.Next())
                found.Add(Convert.ToHexString(entries.Key), Convert.ToHexString(entries.Value));
        });
        return found;
    }

    public static byte[] CurrentKey(ushort ns, ReadOnlySpan<byte> key) => KeySpaces.CurrentKey(new byte[KeySpaces.MaxKeyBytes], ns, key).ToArray();

    /// <summary>The value of an entry with one bit changed.</summary>
    public static byte[] Flipped(IStorageEngine engine, ReadOnlySpan<byte> key, int at)
    {
        using var value = engine.Get(key);
        var bytes = value.Span.ToArray();
        bytes[at < 0 ? bytes.Length + at : at] ^= 1;
        return bytes;
    }

    public static void FlipByte(string file, double where)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[(int)(bytes.Length * where)] ^= 0x10;
        File.WriteAllBytes(file, bytes);
    }

    public static string BiggestTable(string path) => new DirectoryInfo(path).GetFiles("*.ldb").MaxBy(static file => file.Length)!.FullName;

    public static int Format(string path)
    {
        var format = 0;
        Edit(path, (engine, _) => format = BinaryPrimitives.ReadInt32LittleEndian(MetaRecords.Get(engine, MetaRecords.Key(MetaRecords.Format))));
        return format;
    }
}

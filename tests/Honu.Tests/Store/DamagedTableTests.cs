using System.Globalization;
using System.Text;
using Honu.Format;
using Honu.TestKit;

namespace Honu.Tests.Store;

/// <summary>LevelDB's iterator jumps over a block that it cannot read and goes on: nothing that walks a range may take what it passed over for absent.</summary>
public class DamagedTableTests
{
    private const int Count = 20_000;

    [Theory]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Walk_OverATableWithAFlippedByte_GivesEverythingOrAnError(double where)
    {
        using var directory = new TestDirectory();
        var path = Path.Combine(directory.Path, "store");
        using (var store = HonuStore.Open(path))
        {
            for (var i = 0; i < Count; i++)
                store.Put(Encoding.ASCII.GetBytes(i.ToString("D8", CultureInfo.InvariantCulture)), [(byte)i, (byte)(i >> 8), 3, 4, 5]);
            store.Compact();
        }

        var table = new DirectoryInfo(path).GetFiles("*.ldb").MaxBy(static file => file.Length)!;
        var bytes = File.ReadAllBytes(table.FullName);
        bytes[(int)(bytes.Length * where)] ^= 0x10;
        File.WriteAllBytes(table.FullName, bytes);

        Assert.True(IsCompleteOrCorrupt(path, static store => Scan(store)), "The scan left objects out and reported nothing.");
        Assert.True(IsCompleteOrCorrupt(path, static store => Stream(store)), "The stream left objects out and reported nothing.");
    }

    private static bool IsCompleteOrCorrupt(string path, Func<HonuStore, int> walk)
    {
        try
        {
            using var store = HonuStore.Open(path);
            return walk(store) == Count;
        }
        catch (HonuCorruptionException)
        {
            // The honest answer.
            return true;
        }
    }

    private static int Scan(HonuStore store)
    {
        var count = 0;
        foreach (var entry in store.Scan())
            count++;
        return count;
    }

    private static int Stream(HonuStore store)
    {
        using var snapshot = store.Replication.CreateSnapshot();
        var block = new RecordBlockWriter();
        var position = default(VersionId);
        var count = 0;
        do
        {
            block.Clear();
            position = snapshot.ReadUncovered(HonuStore.DefaultNamespace, new VersionVector(), position, block, 512, 1 << 20);
            count += block.Count;
        }
        while (!position.IsNone);
        return count;
    }
}

using System.Buffers.Binary;
using Honu.Engines;
using Honu.Format;
using Honu.TestKit;

namespace Honu.Tests.Care;

public sealed class VerifyTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private string Db => _directory.Combine("store");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Verify_HealthyStore_CountsEverythingAndChangesNothing()
    {
        using (var store = HonuStore.Open(Db, CareStore.Options))
        {
            CareStore.Fill(store, objects: 40);
            var live = store.Verify();
            Assert.Empty(live.Problems);
            Assert.Equal(81, live.CurrentRecords);
        }

        var before = CareStore.Entries(Db);

        var report = HonuStore.Verify(Db);

        Assert.True(report.IsHealthy, string.Join('\n', report.Problems));
        Assert.Equal((2, 81L, 0L), (report.Namespaces, report.CurrentRecords, report.UnknownEntries));
        Assert.Equal(before.Count, report.CurrentRecords + report.HistoryRecords + report.IndexEntries + report.StoreRecords);
        Assert.True(report.HistoryRecords > 40 && report.Bytes > 1000);
        Assert.Equal(before, CareStore.Entries(Db));
    }

    [Fact]
    public void Verify_OpenStoreInMemory_IsHealthyAndFollowsNewWrites()
    {
        using var store = HonuStore.OpenInMemory();
        CareStore.Fill(store);

        var report = store.Verify();

        Assert.True(report.IsHealthy, string.Join('\n', report.Problems));
    }

    [Fact]
    public void Verify_StaleIndexEntries_AreCountedOnly()
    {
        using (var store = HonuStore.Open(Db, CareStore.Options))
            CareStore.Fill(store);
        CareStore.Edit(Db, static (_, batch) => IndexEntry.Put(batch, 0, new VersionId(77, new ReplicaId(5, 0)), CareStore.Key(1), new byte[IndexEntry.MaxValueBytes]));

        var report = HonuStore.Verify(Db);

        Assert.True(report.IsHealthy);
        Assert.Equal(1, report.StaleIndexEntries);
    }

    public static TheoryData<string, string> Damages => new()
    {
        { "value of a current record", "the record fails its checksum" },
        { "current record cut off", "make no sense" },
        { "current record under another key", "the record fails its checksum" },
        { "index entry gone", "the index has no entry" },
        { "index entry flipped", "the index entry fails its checksum" },
        { "index key cut off", "the key is cut off" },
        { "history row flipped", "the record fails its checksum" },
        { "history key cut off", "the key makes no sense" },
        { "history of the future", "has a sequence" },
        { "history without an object", "no current record" },
        { "vector flipped", "the vector fails its checksum" },
        { "vector below the own writes", "the vector covers own writes up to" },
        { "namespace without a name", "has no name" },
        { "run record flipped", "the record of the store fails its checksum" },
        { "identity gone", "the store's identity is missing" },
        { "cursor that makes no sense", "the bytes of the cursor make no sense" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Verify_Damage_IsReported(string damage, string expected)
    {
        using (var store = HonuStore.Open(Db, CareStore.Options))
            CareStore.Fill(store);
        CareStore.Edit(Db, (engine, batch) => Damage(engine, batch, damage));

        var report = HonuStore.Verify(Db);

        Assert.False(report.IsHealthy);
        Assert.Contains(report.Problems, problem => problem.What.Contains(expected, StringComparison.Ordinal));
        Assert.Equal(report.ProblemCount, report.Problems.Count);
    }

    [Fact]
    public void Verify_ManyProblems_AreCountedAndTheFirstDescribed()
    {
        using (var store = HonuStore.Open(Db, CareStore.Options))
            CareStore.Fill(store);
        CareStore.Edit(Db, static (engine, batch) =>
        {
            for (var i = 1; i < 11; i++)
                batch.Put(CareStore.CurrentKey(1, CareStore.Key(i)), CareStore.Flipped(engine, CareStore.CurrentKey(1, CareStore.Key(i)), -1));
        });

        var report = HonuStore.Verify(Db, new VerifyOptions { MaxProblems = 3 });

        Assert.Equal(10, report.ProblemCount);
        Assert.Equal(new StoreProblem("other", Convert.ToHexString(CareStore.Key(1)), "the record fails its checksum"), report.Problems[0]);
        Assert.Equal(3, report.Problems.Count);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Verify_DamagedTable_ReportsAndFinishes(double where)
    {
        using (var store = HonuStore.Open(Db, CareStore.Options))
        {
            CareStore.Fill(store, objects: 3000);
            store.Compact();
        }

        CareStore.FlipByte(CareStore.BiggestTable(Db), where);

        var report = HonuStore.Verify(Db);

        Assert.False(report.IsHealthy);
        Assert.Contains(report.Problems, static problem => problem.What.Contains("orruption", StringComparison.Ordinal));
        Assert.True(report.CurrentRecords > 1000, "The walk did not go on behind the damage.");
    }

    [Fact]
    public void Verify_StoreThatDoesNotOpen_IsOneProblem()
    {
        using (var store = HonuStore.Open(Db, CareStore.Options))
            CareStore.Fill(store);
        File.WriteAllText(Path.Combine(Db, "CURRENT"), "MANIFEST-of-another-life\n");

        var report = HonuStore.Verify(Db);

        Assert.False(report.IsHealthy);
        Assert.Single(report.Problems);
    }

    [Fact]
    public void Verify_NoStoreOrAnOpenOne_Throws()
    {
        Assert.Equal(HonuErrorCode.NotAStore, Assert.Throws<HonuFormatException>(() => HonuStore.Verify(Db)).Code);
        Assert.False(Directory.Exists(Db));
        using var store = HonuStore.Open(Db);
        Assert.Throws<HonuStoreLockedException>(() => HonuStore.Verify(Db));
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => store.Verify(cancellationToken: cancellation.Token));
    }

    [Fact]
    public void VerifyOptions_Defaults()
    {
        var options = new VerifyOptions();

        Assert.Equal((100, null, null), (options.MaxProblems, options.Progress, options.Store));
    }

    // Namespace 0 is the default one; object 7 was written once, object 8 three times.
    private static void Damage(IStorageEngine engine, EngineBatch batch, string damage)
    {
        var once = CareStore.CurrentKey(0, CareStore.Key(7));
        var (row, _) = Find(engine, KeySpaces.History);
        var (index, _) = Find(engine, KeySpaces.Index);
        var (vector, _) = Find(engine, KeySpaces.Vector);
        switch (damage)
        {
            case "value of a current record":
                batch.Put(once, CareStore.Flipped(engine, once, -1));
                break;
            case "current record cut off":
                batch.Put(once, Value(engine, once).AsSpan(0, 10));
                break;
            case "current record under another key":
                batch.Put(CareStore.CurrentKey(0, "stray"u8), Value(engine, once));
                break;
            case "index entry gone":
                batch.Delete(index);
                break;
            case "index entry flipped":
                batch.Put(index, CareStore.Flipped(engine, index, 0));
                break;
            case "index key cut off":
                batch.Put(index.AsSpan(0, 2), "x"u8);
                break;
            case "history row flipped":
                batch.Put(row, CareStore.Flipped(engine, row, -1));
                break;
            case "history key cut off":
                batch.Put(row.AsSpan(0, row.Length - 1), Value(engine, row));
                break;
            case "history of the future":
                var record = Parse(Value(engine, row));
                batch.Put(row, new RecordWriter().Rewrite(record, new LocalPart(99)));
                break;
            case "history without an object":
                EntryKey(row, out var key);
                batch.Delete(CareStore.CurrentKey(0, key));
                break;
            case "vector flipped":
                batch.Put(vector, CareStore.Flipped(engine, vector, 5));
                break;
            case "vector below the own writes":
                MetaRecords.Put(batch, vector, new VersionVector().ToArray());
                break;
            case "namespace without a name":
                batch.Delete(MetaRecords.NamespaceKey(1));
                break;
            case "run record flipped":
                batch.Put(MetaRecords.Key(MetaRecords.Run), CareStore.Flipped(engine, MetaRecords.Key(MetaRecords.Run), 0));
                break;
            case "identity gone":
                batch.Delete(MetaRecords.Key(MetaRecords.Identity));
                break;
            case "cursor that makes no sense":
                MetaRecords.Put(batch, KeySpaces.CursorKey(new byte[KeySpaces.CursorKeyBytes], 0, new ReplicaId(9, 0)), "short"u8);
                break;
        }
    }

    private static void EntryKey(byte[] row, out byte[] key) => key = row[5..(5 + BinaryPrimitives.ReadUInt16BigEndian(row.AsSpan(3)))];

    private static RecordReader Parse(byte[] bytes) => RecordReader.TryParse(bytes, out var record) ? record : throw new InvalidOperationException();

    private static byte[] Value(IStorageEngine engine, ReadOnlySpan<byte> key)
    {
        using var value = engine.Get(key);
        return value.Span.ToArray();
    }

    private static (byte[] Key, byte[] Value) Find(IStorageEngine engine, byte space)
    {
        using var entries = engine.CreateIterator();
        entries.Seek([space]);
        return (entries.Key.ToArray(), entries.Value.ToArray());
    }
}

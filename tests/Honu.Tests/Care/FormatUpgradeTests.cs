using Honu.Engines;
using Honu.Format;
using Honu.TestKit;

namespace Honu.Tests.Care;

/// <summary>
/// A pretended later build, whose format 2 has a note beside every current record. It opens a store of format 1, is killed between any two of its
/// engine writes, and finishes the next time; the present build refuses from the first change on and writes nothing.
/// </summary>
public class FormatUpgradeTests
{
    private const byte Note = (byte)'Z';

    [Fact]
    public void Open_OlderFormatThatTheBuildKnows_UpgradesAndKeepsEpochAndData()
    {
        using var directory = new TestDirectory();
        var path = directory.Combine("store");
        var (state, identity) = Create(path);

        using (var upgraded = HonuStore.Open(path, Later()))
        {
            Assert.Equal(state, CareStore.Describe(upgraded));
            Assert.Equal(identity.Replica, upgraded.Identity.Replica);
            upgraded.Put("new"u8, "v"u8);
        }

        Assert.Equal(2, CareStore.Format(path));
        Assert.Equal("honu format 2\n", File.ReadAllText(Path.Combine(path, "HONU")));
        Assert.Equal(81, CareStore.Entries(path).Keys.Count(static key => key.StartsWith("5A", StringComparison.Ordinal)));
        using var again = HonuStore.Open(path, Later(static _ => throw new InvalidOperationException("There is nothing to upgrade.")));
        Assert.Equal(identity.Replica, again.Identity.Replica);
        Assert.Equal("v"u8.ToArray(), again.Get("new"u8));
    }

    [Fact]
    public void Open_NewerFormat_IsRefusedBeforeAByteIsWritten()
    {
        using var directory = new TestDirectory();
        var path = directory.Combine("store");
        HonuStore.Open(path, Later()).Dispose();
        var before = TestDirectory.Fingerprint(path);
        Action[] attempts =
        [
            () => HonuStore.Open(path).Dispose(),
            () => HonuStore.Open(path, new HonuStoreOptions { ReadOnly = true }).Dispose(),
            () => HonuStore.Verify(path),
            () => HonuStore.Repair(path),
            () => HonuStore.Restore(path, directory.Combine("restored")),
        ];

        foreach (var attempt in attempts)
        {
            var error = Assert.Throws<HonuFormatException>(attempt);
            Assert.Equal(HonuErrorCode.UnknownFormat, error.Code);
            Assert.Contains("format 2", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, TestDirectory.Fingerprint(path));
        Assert.False(Directory.Exists(directory.Combine("restored")));
    }

    [Fact]
    public void Open_KilledDuringTheUpgrade_OldBuildRefusesUntouchedAndNewBuildFinishes()
    {
        for (var writes = 0; writes < 6; writes++)
        {
            using var directory = new TestDirectory();
            var path = directory.Combine("store");
            var (state, identity) = Create(path);
            var left = writes;

            Assert.Throws<Killed>(() => HonuStore.Open(path, Later(_ =>
            {
                if (left-- == 0)
                    throw new Killed();
            })));

            var before = TestDirectory.Fingerprint(path);
            Assert.Throws<HonuFormatException>(() => HonuStore.Open(path));
            Assert.Equal(before, TestDirectory.Fingerprint(path));
            Assert.Equal(1, CareStore.Format(path));
            using var upgraded = HonuStore.Open(path, Later());
            Assert.Equal(state, CareStore.Describe(upgraded));
            Assert.Equal(identity.StoreId, upgraded.Identity.StoreId);
        }
    }

    // The number inside follows the data: a store whose data were brought to the new format, but whose number was not, is upgraded once more.
    [Fact]
    public void Open_KilledBeforeTheNumberInside_RepeatsTheStep()
    {
        using var directory = new TestDirectory();
        var path = directory.Combine("store");
        var (state, _) = Create(path);
        CareStore.Edit(path, static (engine, _) => AddNotes(engine, static _ => { }));
        StoreDirectory.WriteMarker(path, 2);

        using var upgraded = HonuStore.Open(path, Later());

        Assert.Equal(state, CareStore.Describe(upgraded));
    }

    [Fact]
    public void Open_KilledBeforeTheMarker_OldBuildStillOpens()
    {
        using var directory = new TestDirectory();
        var path = directory.Combine("store");
        var (state, identity) = Create(path);
        File.WriteAllText(Path.Combine(path, "HONU.new"), "honu for");

        using (var old = HonuStore.Open(path))
        {
            Assert.Equal(state, CareStore.Describe(old));
            Assert.Equal(identity.Replica, old.Identity.Replica);
        }

        using var upgraded = HonuStore.Open(path, Later());
        Assert.Equal(state, CareStore.Describe(upgraded));
    }

    [Fact]
    public void Open_ReadOnlyBeforeTheUpgrade_AsksForIt()
    {
        using var directory = new TestDirectory();
        var path = directory.Combine("store");
        Create(path);

        var error = Assert.Throws<HonuException>(() => HonuStore.Open(path, Later() with { ReadOnly = true }));

        Assert.Equal(HonuErrorCode.ReadOnly, error.Code);
        Assert.Equal(1, CareStore.Format(path));
        Assert.Equal("honu format 1\n", File.ReadAllText(Path.Combine(path, "HONU")));
    }

    [Fact]
    public void Knows_OnlyChainsThatEndAtThePresentFormat()
    {
        var formats = new FormatUpgrades(4, new FormatUpgrade(3, static _ => { }), new FormatUpgrade(1, static _ => { }));

        Assert.Equal([false, false, false, true, true, false], Enumerable.Range(0, 6).Select(format => formats.Knows(format)));
        Assert.Equal("formats 3 to 4", formats.Names);
        Assert.Equal((1, "format 1"), (FormatUpgrades.OfThisBuild.Current, FormatUpgrades.OfThisBuild.Names));
    }

    private static (string State, StoreIdentity Identity) Create(string path)
    {
        using var store = HonuStore.Open(path, CareStore.Options);
        CareStore.Fill(store);
        return (CareStore.Describe(store), store.Identity);
    }

    private static HonuStoreOptions Later(Action<int>? beforeWrite = null) =>
        new() { Formats = new FormatUpgrades(2, new FormatUpgrade(1, engine => AddNotes(engine, beforeWrite ?? (static _ => { })))) };

    // The same result however often it is cut short.
    private static void AddNotes(IStorageEngine engine, Action<int> beforeWrite)
    {
        var written = 0;
        using var batch = engine.CreateBatch();
        using var records = engine.CreateIterator();
        for (records.Seek([KeySpaces.Current]); records.IsValid && records.Key[0] == KeySpaces.Current; records.Next())
        {
            batch.Put([Note, .. records.Key], "note"u8);
            if (batch.Count < 20)
                continue;
            beforeWrite(written++);
            engine.Write(batch, sync: false);
            batch.Clear();
        }

        beforeWrite(written++);
        engine.Write(batch, sync: false);
        beforeWrite(written);
    }

    private sealed class Killed : Exception;
}

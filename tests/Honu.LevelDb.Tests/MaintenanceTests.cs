namespace Honu.LevelDb.Tests;

public sealed class MaintenanceTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void RepairAndDestroy_OpenDatabase_AreRefused()
    {
        using LevelDatabase database = LevelDatabase.Open(_directory.Database);

        Assert.Throws<LevelDbLockedException>(() => LevelDbMaintenance.Repair(_directory.Database));
        Assert.Throws<LevelDbLockedException>(() => LevelDbMaintenance.Destroy(_directory.Database));

        database.Put("a"u8, "1"u8);
    }

    [Fact]
    public void Destroy_Database_LeavesNothing()
    {
        LevelDatabase.Open(_directory.Database).Dispose();

        LevelDbMaintenance.Destroy(_directory.Database);
        LevelDbMaintenance.Destroy(_directory.Database);

        Assert.False(Directory.Exists(_directory.Database));
    }

    [Fact]
    public void Destroy_DirectoryWithOtherFiles_KeepsThose()
    {
        LevelDatabase.Open(_directory.Database).Dispose();
        string other = Path.Combine(_directory.Database, "notes.txt");
        File.WriteAllText(other, "keep");

        LevelDbMaintenance.Destroy(_directory.Database);

        Assert.Equal([other], Directory.GetFileSystemEntries(_directory.Database));
    }

    [Fact]
    public void Repair_NothingThere_IsNotFound()
    {
        var error = Assert.Throws<LevelDbException>(() => LevelDbMaintenance.Repair(_directory.Database));

        Assert.Equal(LevelDbErrorKind.NotFound, error.Kind);
        Assert.False(Directory.Exists(_directory.Database));
    }
}

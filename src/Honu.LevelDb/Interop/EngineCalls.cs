using System.Text;

namespace Honu.LevelDb.Interop;

// Calls that take a path rather than an open database. The caller holds the claim on the directory.
internal static unsafe class EngineCalls
{
    internal static void Repair(string path, LevelDatabaseOptions options)
    {
        using var engineOptions = new EngineOptions(options);
        byte* error = null;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
            NativeMethods.leveldb_repair_db(engineOptions.Pointer, name, &error);
        if (error != null)
            ErrorTranslation.Throw(error, path, "Repairing the database");
    }

    internal static void Destroy(string path)
    {
        using var engineOptions = new EngineOptions(new LevelDatabaseOptions());
        byte* error = null;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
            NativeMethods.leveldb_destroy_db(engineOptions.Pointer, name, &error);
        if (error != null)
            ErrorTranslation.Throw(error, path, "Destroying the database");
    }
}

using System.Runtime.InteropServices;

namespace Honu.LevelDb.Interop;

// The C API of LevelDB 1.23 (leveldb/c.h), one method each, named as there.
//
// Rules of the C API that this assembly keeps, because breaking one ends the process:
//   * options, caches and filters outlive the database; iterators and snapshots do not;
//   * errptr starts as NULL; when it comes back set, the caller frees it with leveldb_free;
//   * next, prev, key and value need a valid iterator (an assert, not an error).
//
// SuppressGCTransition stands only where the call is a few instructions, never blocks and never reads a file.
internal static unsafe partial class NativeMethods
{
    /// <summary>Resolved by <see cref="NativeLibraryLocator"/>; no file need have this name.</summary>
    internal const string Library = "honu_leveldb";

    [LibraryImport(Library)]
    internal static partial nint leveldb_open(nint options, byte* name, byte** errptr);

    [LibraryImport(Library)]
    internal static partial void leveldb_close(nint db);

    [LibraryImport(Library)]
    internal static partial void leveldb_put(nint db, nint options, byte* key, nuint keyLength, byte* value, nuint valueLength, byte** errptr);

    [LibraryImport(Library)]
    internal static partial void leveldb_delete(nint db, nint options, byte* key, nuint keyLength, byte** errptr);

    [LibraryImport(Library)]
    internal static partial void leveldb_write(nint db, nint options, nint batch, byte** errptr);

    [LibraryImport(Library)]
    internal static partial byte* leveldb_get(nint db, nint options, byte* key, nuint keyLength, nuint* valueLength, byte** errptr);

    [LibraryImport(Library)]
    internal static partial byte* leveldb_property_value(nint db, byte* name);

    [LibraryImport(Library)]
    internal static partial void leveldb_approximate_sizes(
        nint db, int count, byte** startKeys, nuint* startLengths, byte** limitKeys, nuint* limitLengths, ulong* sizes);

    [LibraryImport(Library)]
    internal static partial void leveldb_compact_range(nint db, byte* start, nuint startLength, byte* limit, nuint limitLength);

    [LibraryImport(Library)]
    internal static partial void leveldb_destroy_db(nint options, byte* name, byte** errptr);

    [LibraryImport(Library)]
    internal static partial void leveldb_repair_db(nint options, byte* name, byte** errptr);

    [LibraryImport(Library)]
    internal static partial nint leveldb_create_snapshot(nint db);

    [LibraryImport(Library)]
    internal static partial void leveldb_release_snapshot(nint db, nint snapshot);

    [LibraryImport(Library)]
    internal static partial nint leveldb_create_iterator(nint db, nint options);

    [LibraryImport(Library)]
    internal static partial void leveldb_iter_destroy(nint iterator);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial byte leveldb_iter_valid(nint iterator);

    [LibraryImport(Library)]
    internal static partial void leveldb_iter_seek_to_first(nint iterator);

    [LibraryImport(Library)]
    internal static partial void leveldb_iter_seek_to_last(nint iterator);

    [LibraryImport(Library)]
    internal static partial void leveldb_iter_seek(nint iterator, byte* key, nuint keyLength);

    [LibraryImport(Library)]
    internal static partial void leveldb_iter_next(nint iterator);

    [LibraryImport(Library)]
    internal static partial void leveldb_iter_prev(nint iterator);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial byte* leveldb_iter_key(nint iterator, nuint* length);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial byte* leveldb_iter_value(nint iterator, nuint* length);

    [LibraryImport(Library)]
    internal static partial void leveldb_iter_get_error(nint iterator, byte** errptr);

    [LibraryImport(Library)]
    internal static partial nint leveldb_writebatch_create();

    [LibraryImport(Library)]
    internal static partial void leveldb_writebatch_destroy(nint batch);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial void leveldb_writebatch_clear(nint batch);

    [LibraryImport(Library)]
    internal static partial void leveldb_writebatch_put(nint batch, byte* key, nuint keyLength, byte* value, nuint valueLength);

    [LibraryImport(Library)]
    internal static partial void leveldb_writebatch_delete(nint batch, byte* key, nuint keyLength);

    [LibraryImport(Library)]
    internal static partial nint leveldb_options_create();

    [LibraryImport(Library)]
    internal static partial void leveldb_options_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_filter_policy(nint options, nint filter);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_create_if_missing(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_error_if_exists(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_paranoid_checks(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_write_buffer_size(nint options, nuint bytes);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_max_open_files(nint options, int count);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_cache(nint options, nint cache);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_block_size(nint options, nuint bytes);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_block_restart_interval(nint options, int keys);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_max_file_size(nint options, nuint bytes);

    [LibraryImport(Library)]
    internal static partial void leveldb_options_set_compression(nint options, int kind);

    [LibraryImport(Library)]
    internal static partial nint leveldb_filterpolicy_create_bloom(int bitsPerKey);

    [LibraryImport(Library)]
    internal static partial void leveldb_filterpolicy_destroy(nint filter);

    [LibraryImport(Library)]
    internal static partial nint leveldb_cache_create_lru(nuint bytes);

    [LibraryImport(Library)]
    internal static partial void leveldb_cache_destroy(nint cache);

    [LibraryImport(Library)]
    internal static partial nint leveldb_readoptions_create();

    [LibraryImport(Library)]
    internal static partial void leveldb_readoptions_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void leveldb_readoptions_set_verify_checksums(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void leveldb_readoptions_set_fill_cache(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void leveldb_readoptions_set_snapshot(nint options, nint snapshot);

    [LibraryImport(Library)]
    internal static partial nint leveldb_writeoptions_create();

    [LibraryImport(Library)]
    internal static partial void leveldb_writeoptions_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void leveldb_writeoptions_set_sync(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void leveldb_free(void* memory);

    /// <summary>A pointer that is never NULL to pin for <paramref name="bytes"/>: native code asserts on NULL even where the length is 0.</summary>
    internal static ref readonly byte Pin(ReadOnlySpan<byte> bytes)
        => ref MemoryMarshal.GetReference(bytes.IsEmpty ? "\0"u8 : bytes);
}

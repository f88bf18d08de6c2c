namespace Honu.LevelDb.Interop;

// leveldb_options_t with the cache and the filter that it points to. LevelDB copies the options at open and keeps the two pointers, so
// they are destroyed after leveldb_close and never before.
internal sealed class EngineOptions : IDisposable
{
    private nint _cache;
    private nint _filter;

    internal EngineOptions(LevelDatabaseOptions options)
    {
        Pointer = NativeMethods.leveldb_options_create();
        NativeMethods.leveldb_options_set_create_if_missing(Pointer, options.CreateIfMissing ? (byte)1 : (byte)0);
        NativeMethods.leveldb_options_set_error_if_exists(Pointer, options.ErrorIfExists ? (byte)1 : (byte)0);
        NativeMethods.leveldb_options_set_paranoid_checks(Pointer, options.ParanoidChecks ? (byte)1 : (byte)0);
        NativeMethods.leveldb_options_set_write_buffer_size(Pointer, (nuint)options.WriteBufferBytes);
        NativeMethods.leveldb_options_set_max_open_files(Pointer, options.MaxOpenFiles);
        NativeMethods.leveldb_options_set_block_size(Pointer, (nuint)options.BlockBytes);
        NativeMethods.leveldb_options_set_block_restart_interval(Pointer, options.RestartInterval);
        NativeMethods.leveldb_options_set_max_file_size(Pointer, (nuint)options.MaxFileBytes);
        NativeMethods.leveldb_options_set_compression(Pointer, (int)options.Compression);

        // Always set: without a cache of ours LevelDB makes one of 8 MiB. A capacity of 0 is LevelDB's way to have none.
        _cache = NativeMethods.leveldb_cache_create_lru((nuint)options.BlockCacheBytes);
        NativeMethods.leveldb_options_set_cache(Pointer, _cache);
        if (options.BloomBitsPerKey == 0)
            return;
        _filter = NativeMethods.leveldb_filterpolicy_create_bloom(options.BloomBitsPerKey);
        NativeMethods.leveldb_options_set_filter_policy(Pointer, _filter);
    }

    internal nint Pointer { get; private set; }

    public void Dispose()
    {
        if (Pointer == 0)
            return;
        NativeMethods.leveldb_options_destroy(Pointer);
        NativeMethods.leveldb_cache_destroy(_cache);
        if (_filter != 0)
            NativeMethods.leveldb_filterpolicy_destroy(_filter);
        Pointer = _cache = _filter = 0;
    }
}

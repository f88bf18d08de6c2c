namespace Honu.LevelDb.Interop;

// The four combinations of read options, made once per database or snapshot: no read creates or changes a native object.
internal sealed class ReadOptionsSet
{
    private readonly nint[] _options = new nint[4];

    internal ReadOptionsSet(nint snapshot)
    {
        for (int i = 0; i < _options.Length; i++)
        {
            nint options = NativeMethods.leveldb_readoptions_create();
            NativeMethods.leveldb_readoptions_set_verify_checksums(options, (byte)(i & 1));
            NativeMethods.leveldb_readoptions_set_fill_cache(options, (byte)(i >> 1));
            if (snapshot != 0)
                NativeMethods.leveldb_readoptions_set_snapshot(options, snapshot);
            _options[i] = options;
        }
    }

    internal nint Get(bool verify, bool fill) => _options[(verify ? 1 : 0) | (fill ? 2 : 0)];

    internal void Destroy()
    {
        for (int i = 0; i < _options.Length; i++)
        {
            NativeMethods.leveldb_readoptions_destroy(_options[i]);
            _options[i] = 0;
        }
    }
}

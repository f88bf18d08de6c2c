using Honu.LevelDb;

namespace Honu.Cli.Benchmarking;

/// <summary>Bare LevelDB through the binding that Honu uses: what everything is compared with.</summary>
internal sealed class LevelDbBenchEngine(LevelDatabase database, bool sync) : IBenchEngine
{
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => database.Put(key, value, sync);

    public int Read(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        using var value = database.Get(key);
        if (!value.Found)
            return -1;
        var bytes = value.Span;
        bytes.CopyTo(destination);
        return bytes.Length;
    }

    public void Delete(ReadOnlySpan<byte> key) => database.Delete(key, sync);

    public int Scan(Span<byte> destination, CancellationToken cancellation)
    {
        var entries = 0;
        using var iterator = database.CreateIterator();
        for (iterator.SeekToFirst(); iterator.IsValid; iterator.Next())
        {
            // Nothing of a scan is free on the other side either: Honu hands out the key with each entry.
            _ = iterator.Key;
            iterator.Value.CopyTo(destination);
            Workload.CheckNowAndThen(++entries, cancellation);
        }

        iterator.ThrowIfFailed();
        return entries;
    }

    public void Dispose() => database.Dispose();
}

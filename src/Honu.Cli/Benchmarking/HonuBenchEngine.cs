namespace Honu.Cli.Benchmarking;

/// <summary>Honu through its public API, as an application uses it.</summary>
internal sealed class HonuBenchEngine(HonuStore store) : IBenchEngine
{
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => store.Put(key, value);

    public int Read(ReadOnlySpan<byte> key, Span<byte> destination) => store.Read(key, destination);

    public void Delete(ReadOnlySpan<byte> key) => store.Delete(key);

    public int Scan(Span<byte> destination, CancellationToken cancellation)
    {
        var entries = 0;
        foreach (var entry in store.Scan())
        {
            entry.Value.CopyTo(destination);
            Workload.CheckNowAndThen(++entries, cancellation);
        }

        return entries;
    }

    public void Dispose() => store.Dispose();
}

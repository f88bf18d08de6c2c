namespace Honu.Cli.Benchmarking;

/// <summary>What a workload asks of a database, on one thread. Disposing closes the database; its files stay.</summary>
internal interface IBenchEngine : IDisposable
{
    void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>Copies the value into <paramref name="destination"/>.</summary>
    /// <returns>Its length, or −1 when the key does not exist.</returns>
    int Read(ReadOnlySpan<byte> key, Span<byte> destination);

    void Delete(ReadOnlySpan<byte> key);

    /// <summary>Visits every entry in the order of keys and copies its value into <paramref name="destination"/>.</summary>
    /// <returns>How many entries there were.</returns>
    int Scan(Span<byte> destination, CancellationToken cancellation);
}

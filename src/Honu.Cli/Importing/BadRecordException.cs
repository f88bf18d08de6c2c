namespace Honu.Cli.Importing;

/// <summary>A row of a foreign database cannot be an object of a store.</summary>
internal sealed class BadRecordException(ReadOnlyMemory<byte> databaseKey, string problem) : Exception(Describe(databaseKey.Span, problem))
{
    private const int ShownKeyBytes = 64;

    /// <summary>The database key in hex, cut where it is too long for a line.</summary>
    public string DatabaseKey { get; } = Hex(databaseKey.Span);

    /// <summary>The row and its problem, as one line.</summary>
    public static string Describe(ReadOnlySpan<byte> databaseKey, string problem) => $"Database key {Hex(databaseKey)} (hex): {problem}.";

    private static string Hex(ReadOnlySpan<byte> key) => key.Length switch
    {
        0 => "(empty)",
        <= ShownKeyBytes => Convert.ToHexStringLower(key),
        _ => $"{Convert.ToHexStringLower(key[..ShownKeyBytes])}… ({key.Length} bytes)",
    };
}

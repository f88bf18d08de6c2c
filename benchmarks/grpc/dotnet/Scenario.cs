namespace Honu.GrpcBenchmarks;

/// <summary>One line of the comparison.</summary>
internal sealed record Scenario(string Kind, int Size, int Concurrency, bool Hint = false)
{
    /// <summary>Everything that is compared, in the order of the report.</summary>
    public static readonly IReadOnlyList<Scenario> All =
    [
        new("unary", 100, 1),
        new("unary", 100, 100),
        new("unary", 4096, 1),
        new("unary", 4096, 100),
        new("unary", 65536, 1),
        new("unary", 65536, 100),
        new("pingpong", 100, 1),
        .. Streams("serverstream"),
        .. Streams("clientstream"),
        .. Streams("flood"),
    ];

    /// <summary>What <c>--only</c> matches, such as <c>serverstream-4096-1-hint</c>.</summary>
    public string Name => $"{Kind}-{Size}-{Concurrency}{(Hint ? "-hint" : "")}";

    /// <summary>Whether single operations are timed.</summary>
    public bool HasLatency => Kind is "unary" or "pingpong";

    private static IEnumerable<Scenario> Streams(string kind) =>
    [
        new(kind, 100, 1),
        new(kind, 4096, 1),
        new(kind, 65536, 1),
        new(kind, 100, 100),
        new(kind, 100, 1, Hint: true),
        new(kind, 4096, 1, Hint: true),
    ];
}

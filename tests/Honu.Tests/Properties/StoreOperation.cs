using Honu.TestKit;

namespace Honu.Tests.Properties;

internal enum Expectation
{
    Current,
    None,
    Parent,
    Foreign,
}

/// <summary>One step of a random run. Steps hold no results of earlier ones, so any part of a run can be left out and the rest still makes sense.</summary>
internal abstract record StoreOperation
{
    public sealed record Put(string Space, byte[] Key, byte[] Value) : StoreOperation
    {
        public override string ToString() => $"put {Name(Space)} {Hex(Key)} = {Hex(Value)}";
    }

    public sealed record TryPut(string Space, byte[] Key, byte[] Value, Expectation Expected) : StoreOperation
    {
        public override string ToString() => $"try-put {Name(Space)} {Hex(Key)} = {Hex(Value)} expecting {Expected}";
    }

    public sealed record Delete(string Space, byte[] Key) : StoreOperation
    {
        public override string ToString() => $"delete {Name(Space)} {Hex(Key)}";
    }

    public sealed record Batch(IReadOnlyList<ModelOperation> Operations) : StoreOperation
    {
        public override string ToString() =>
            "batch " + string.Join(", ", Operations.Select(op => $"{Name(op.Namespace)} {Hex(op.Key)} {(op.Value is null ? "deleted" : "= " + Hex(op.Value))}"));
    }

    public sealed record Read(string Space, byte[] Key) : StoreOperation
    {
        public override string ToString() => $"read {Name(Space)} {Hex(Key)}";
    }

    public sealed record Scan(string Space, byte[]? Prefix, byte[]? From, byte[]? To, bool Reverse, int? Limit, bool Tombstones) : StoreOperation
    {
        public override string ToString() =>
            $"scan {Name(Space)} prefix {Hex(Prefix)} from {Hex(From)} to {Hex(To)} limit {Limit} {(Reverse ? "reverse " : "")}{(Tombstones ? "tombstones" : "")}";
    }

    public sealed record OpenSnapshot : StoreOperation
    {
        public override string ToString() => "open snapshot";
    }

    public sealed record CheckSnapshot(bool Close) : StoreOperation
    {
        public override string ToString() => Close ? "check and close oldest snapshot" : "check oldest snapshot";
    }

    public sealed record Reopen : StoreOperation
    {
        public override string ToString() => "reopen";
    }

    public sealed record Compact : StoreOperation
    {
        public override string ToString() => "compact";
    }

    public sealed record Statistics : StoreOperation
    {
        public override string ToString() => "statistics";
    }

    public sealed record MoveClock(TimeSpan By) : StoreOperation
    {
        public override string ToString() => $"move wall clock by {By}";
    }

    private static string Name(string space) => System.Text.Json.JsonSerializer.Serialize(space);

    private static string Hex(byte[]? bytes) => bytes is null ? "-" : bytes.Length <= 40 ? "0x" + Convert.ToHexString(bytes) : $"{bytes.Length} bytes 0x{Convert.ToHexString(bytes.AsSpan(0, 8))}…";
}

/// <summary>Draws runs: many writes to few keys, so that overwrites, deletes and undeletes meet.</summary>
internal sealed class OperationGenerator(int seed)
{
    /// <summary>Names that a store which joins namespace and key with a separator, or cuts at NUL, would mix up.</summary>
    public static readonly IReadOnlyList<string> Namespaces = ["default", "people", "people::x", "people::", "a\0b", "a", "🐢"];

    private readonly ByteGenerator _bytes = new(seed);

    private Random Random => _bytes.Random;

    public IReadOnlyList<StoreOperation> Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => Next())];

    private StoreOperation Next() => Random.Next(100) switch
    {
        < 28 => new StoreOperation.Put(Space(), _bytes.Key(), Value()),
        < 38 => new StoreOperation.Delete(Space(), _bytes.Key()),
        < 50 => new StoreOperation.TryPut(Space(), _bytes.Key(), Value(), (Expectation)Random.Next(4)),
        < 60 => Batch(),
        < 68 => new StoreOperation.Read(Space(), _bytes.Key()),
        < 84 => Scan(),
        < 88 => new StoreOperation.OpenSnapshot(),
        < 93 => new StoreOperation.CheckSnapshot(Random.Next(2) == 0),
        < 95 => new StoreOperation.Reopen(),
        < 96 => new StoreOperation.Compact(),
        < 98 => new StoreOperation.Statistics(),
        _ => new StoreOperation.MoveClock(TimeSpan.FromSeconds(Random.Next(-40, 41))),
    };

    // Half of all steps go to one namespace, or its keys would rarely meet.
    private string Space() => Random.Next(2) == 0 ? Namespaces[0] : _bytes.Any(Namespaces);

    // Rare: every look at the whole store reads such a value several times.
    private byte[] Value() => Random.Next(5000) == 0 ? _bytes.LargeValue() : _bytes.Value();

    private StoreOperation.Batch Batch() => new([.. Enumerable.Range(0, Random.Next(8))
        .Select(_ => new ModelOperation(Space(), _bytes.Key(), Random.Next(3) == 0 ? null : Value()))]);

    private StoreOperation.Scan Scan() => new(
        Space(),
        Prefix: Random.Next(2) == 0 ? null : _bytes.Prefix(),
        From: Random.Next(2) == 0 ? null : _bytes.Key(),
        To: Random.Next(2) == 0 ? null : _bytes.Key(),
        Reverse: Random.Next(2) == 0,
        Limit: Random.Next(3) == 0 ? Random.Next(1, 6) : null,
        Tombstones: Random.Next(2) == 0);
}

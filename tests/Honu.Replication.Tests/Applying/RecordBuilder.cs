using Honu.Format;

namespace Honu.Replication.Tests.Applying;

/// <summary>Makes records as another replica would send them, each in a block of its own; names only what matters.</summary>
internal sealed record RecordBuilder(string Key)
{
    public string Value { get; init; } = "v";

    public VersionId Version { get; init; } = new(1, new ReplicaId(2, 0));

    public VersionId Parent { get; init; }

    public CausalContext? Context { get; init; }

    public bool IsTombstone { get; init; }

    public RecordBuilder At(ulong scalar, uint pid) => this with { Version = new VersionId(scalar, new ReplicaId(pid, 0)) };

    public RecordBuilder After(ulong scalar, uint pid) => this with { Parent = new VersionId(scalar, new ReplicaId(pid, 0)) };

    public RecordBuilder Knowing(params (ulong Scalar, uint Pid)[] ancestors) => this with
    {
        Context = ancestors.Aggregate(CausalContext.Empty, static (context, one) => context.With(new VersionId(one.Scalar, new ReplicaId(one.Pid, 0)))),
    };

    public RecordBuilder Saying(string value) => this with { Value = value };

    public RecordBuilder Deleted() => this with { IsTombstone = true, Value = "" };

    /// <summary>The portable bytes of the record.</summary>
    public byte[] Bytes()
    {
        var value = System.Text.Encoding.UTF8.GetBytes(Value);
        return new RecordWriter().Write(KeyBytes, value, RecordChecksum.OfValue(value), IsTombstone, Version, Parent, Context, Version.Replica, default).ToArray();
    }

    /// <summary>A block of records, one after the other.</summary>
    public static byte[] Block(params RecordBuilder[] records)
    {
        var block = new RecordBlockWriter();
        foreach (var record in records)
        {
            Assert.True(RecordReader.TryParse(record.Bytes(), out var reader), "The builder made a record that no replica would take.");
            block.Add(record.KeyBytes, reader);
        }

        return block.Bytes.ToArray();
    }

    private byte[] KeyBytes => System.Text.Encoding.UTF8.GetBytes(Key);
}

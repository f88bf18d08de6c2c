using Honu.Engines;

namespace Honu.TestKit;

/// <summary>A batch whose operations can be looked at, so that a disk can lose, keep or repeat it as a whole.</summary>
public sealed class RecordedBatch : EngineBatch
{
    private readonly List<(byte[] Key, byte[]? Value)> _operations = [];

    /// <summary>The operations in their order; without a value it is a removal.</summary>
    public IReadOnlyList<(byte[] Key, byte[]? Value)> Operations => _operations;

    /// <inheritdoc/>
    public override int Count => _operations.Count;

    /// <inheritdoc/>
    public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => _operations.Add((key.ToArray(), value.ToArray()));

    /// <inheritdoc/>
    public override void Delete(ReadOnlySpan<byte> key) => _operations.Add((key.ToArray(), null));

    /// <inheritdoc/>
    public override void Clear() => _operations.Clear();

    /// <inheritdoc/>
    public override void Dispose()
    {
    }

    /// <summary>Writes these operations to another engine, in one batch of it.</summary>
    public void WriteTo(IStorageEngine engine, bool sync)
    {
        ArgumentNullException.ThrowIfNull(engine);
        using var batch = engine.CreateBatch();
        foreach (var (key, value) in _operations)
        {
            if (value is null)
                batch.Delete(key);
            else
                batch.Put(key, value);
        }

        engine.Write(batch, sync);
    }

    internal RecordedBatch Copy()
    {
        var copy = new RecordedBatch();
        copy._operations.AddRange(_operations);
        return copy;
    }
}

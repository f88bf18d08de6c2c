using Honu.Writing;

namespace Honu.Applying;

/// <summary>A value on its way through a resolver, with the version that it counts as.</summary>
internal sealed record MergedValue(VersionId Version, bool IsDeleted, byte[] Value)
{
    public static MergedValue Of(byte[]? bytes, ReadOnlySpan<byte> key)
    {
        if (bytes is null)
            return new MergedValue(default, IsDeleted: true, []);
        var record = StoreCore.Parse(bytes, key);
        return new MergedValue(record.Version, record.IsTombstone, record.Value.ToArray());
    }

    public VersionedValue AsVersioned() => new(Version, IsDeleted, Value);

    public bool HasContentOf(MergedValue other) => IsDeleted == other.IsDeleted && Value.AsSpan().SequenceEqual(other.Value);
}

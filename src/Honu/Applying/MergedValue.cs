using Honu.Writing;

namespace Honu.Applying;

/// <summary>A value on its way through a resolver, with the version that it counts as.</summary>
internal sealed record MergedValue(VersionId Version, bool IsDeleted, byte[] Value)
{
    public static MergedValue Of(byte[]? bytes, ReadOnlySpan<byte> key, IVersionClock clock)
    {
        if (bytes is null)
            return new MergedValue(default, IsDeleted: true, []);
        var record = StoreCore.Parse(bytes, key);
        var isDeleted = record.IsDeleted(clock);
        return new MergedValue(record.Version, isDeleted, isDeleted ? [] : record.Value.ToArray());
    }

    public VersionedValue AsVersioned() => new(Version, IsDeleted, Value);

    public bool HasContentOf(MergedValue other) => IsDeleted == other.IsDeleted && Value.AsSpan().SequenceEqual(other.Value);
}

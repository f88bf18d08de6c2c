namespace Honu.Hosting;

/// <summary>One write of a batch or of an import.</summary>
/// <param name="Namespace">The namespace; 1 to 255 bytes of UTF-8.</param>
/// <param name="Key">The key; 1 to 4096 bytes.</param>
/// <param name="Value">The value; ignored by a deletion.</param>
/// <param name="IsDelete">Whether the key is deleted instead.</param>
/// <remarks>Key and value are not copied: leave the memory as it is until the call that got the operation has completed.</remarks>
public readonly record struct StoreOperation(string Namespace, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, bool IsDelete = false)
{
    /// <summary>From when on a put counts as deleted; one whose time is over already is a deletion.</summary>
    /// <value>Default <see langword="null"/>: never.</value>
    public DateTimeOffset? Expires { get; init; }
}

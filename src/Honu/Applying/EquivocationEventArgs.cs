namespace Honu;

/// <summary>One version that stands for two contents: a replica, or a copy of its directory, broke its promise.</summary>
/// <param name="ns">The namespace.</param>
/// <param name="key">The key of the record that was received.</param>
/// <param name="version">The version.</param>
/// <param name="otherKey">The key that has the same version here: the same key, unless the version was used for two.</param>
public sealed class EquivocationEventArgs(string ns, ReadOnlyMemory<byte> key, VersionId version, ReadOnlyMemory<byte> otherKey) : EventArgs
{
    /// <summary>The namespace.</summary>
    public string Namespace { get; } = ns;

    /// <summary>The key of the record that was received.</summary>
    public ReadOnlyMemory<byte> Key { get; } = key;

    /// <summary>The version. Of two contents under one key the one with the smaller checksum is kept, everywhere.</summary>
    public VersionId Version { get; } = version;

    /// <summary>The key that has the same version here: that of <see cref="Key"/>, unless the version was used for two keys, which both stay.</summary>
    public ReadOnlyMemory<byte> OtherKey { get; } = otherKey;
}

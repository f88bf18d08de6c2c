namespace Honu.Hosting;

/// <summary>One version of one object, as it came from a server or goes to a caller.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Key">The key, 1 to 4096 bytes.</param>
/// <param name="Value">The value; empty for a tombstone and where only keys or versions were asked for.</param>
/// <param name="Version">Which version it is; its <see cref="ObjectVersion.ValueLength"/> is set even where the value was left out.</param>
/// <param name="LostConflict">Whether it is an earlier version that lost against a concurrent one.</param>
public sealed record StoreObject(
    string Namespace,
    ReadOnlyMemory<byte> Key,
    ReadOnlyMemory<byte> Value,
    ObjectVersion Version,
    bool LostConflict = false);

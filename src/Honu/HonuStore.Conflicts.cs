namespace Honu;

public sealed partial class HonuStore
{
    /// <summary>The conflicts of all namespaces that nothing has settled yet, by namespace and key. A local view: other replicas may know others.</summary>
    /// <inheritdoc cref="HonuNamespace.Conflicts"/>
    public IReadOnlyList<Conflict> Conflicts() => [.. Namespaces.SelectMany(name => Namespace(name).Conflicts())];

    /// <inheritdoc cref="HonuNamespace.DismissConflict"/>
    public bool DismissConflict(ReadOnlySpan<byte> key, VersionId loser) => _default.DismissConflict(key, loser);

    /// <inheritdoc cref="HonuNamespace.Update"/>
    public ObjectVersion Update(ReadOnlySpan<byte> key, ValueUpdate update, WriteOptions options = default) => _default.Update(key, update, options);

    /// <inheritdoc cref="HonuNamespace.GetMerged"/>
    public byte[]? GetMerged(ReadOnlySpan<byte> key) => _default.GetMerged(key);
}

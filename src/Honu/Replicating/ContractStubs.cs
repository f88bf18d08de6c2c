#pragma warning disable
using Honu.Format;
namespace Honu;
public sealed partial class ReplicationPort
{
    public NamespaceReplication State(string ns) => _core.Exclusively((_core, ns), static args =>
        args._core.Namespaces.Find(args.ns) is { } state ? new NamespaceReplication(state.Vector.Clone(), state.Loose.Count) { Frontier = new(), PurgeMark = 0, Tombstones = 0, Durable = state.BarrierVector ?? new VersionVector(), IsEmpty = state.Vector.Count == 0 && state.Loose.Count == 0} : new NamespaceReplication(new VersionVector(), 0) { Frontier = new(), PurgeMark = 0, Tombstones = 0, Durable = new(), IsEmpty = true});
    public PurgeResult Purge(string ns, IReadOnlyList<VersionVector> acknowledged, int maxObjects) => default;
    public TimeSpan? ApplyDeferred() => null;
}
public sealed partial class ReplicationSnapshot
{
    public VersionVector Frontier(string ns) => new();
    public ulong PurgeMark(string ns) => 0;
    public byte[]? ReadAll(string ns, ReadOnlySpan<byte> afterKey, RecordBlockWriter block, int maxRecords, int maxBytes)
    {
        if (!_namespaces.TryGetValue(ns, out var found)) return null;
        using var it = _core.Engine.CreateIterator(_engineSnapshot, verify: true);
        Span<byte> buffer = stackalloc byte[KeySpaces.MaxKeyBytes];
        Span<byte> prefix = stackalloc byte[3];
        KeySpaces.Prefix(prefix, KeySpaces.Current, found.Id);
        it.Seek(KeySpaces.CurrentKey(buffer, found.Id, afterKey));
        if (it.IsValid && afterKey.Length > 0 && it.Key[3..].SequenceEqual(afterKey)) it.Next();
        for (; it.IsValid && it.Key.StartsWith(prefix); it.Next())
        {
            var key = it.Key[3..];
            block.Add(key, Honu.Writing.StoreCore.Parse(it.Value, key));
            if (block.Count >= maxRecords || block.Length >= maxBytes) return key.ToArray();
        }
        return null;
    }
}

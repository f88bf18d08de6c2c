namespace Honu.Writing;

/// <summary>One operation of a user's batch.</summary>
internal sealed record BatchOperation(WriteKind Kind, string Namespace, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, uint ValueChecksum, ulong Lifetime = 0)
{
    public WriteOperation ToWriteOperation(bool sync, ulong lifetime) =>
        new(Kind, Namespace, Key.Span, Value.Span, ValueChecksum, expected: default, sync, state: null, hash: 0, Kind == WriteKind.Delete ? 0 : Lifetime != 0 ? Lifetime : lifetime);
}

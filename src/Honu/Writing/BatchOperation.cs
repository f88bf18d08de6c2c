namespace Honu.Writing;

/// <summary>One operation of a user's batch.</summary>
internal sealed record BatchOperation(WriteKind Kind, string Namespace, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, uint ValueChecksum)
{
    public WriteOperation ToWriteOperation(bool sync) => new(Kind, Namespace, Key.Span, Value.Span, ValueChecksum, expected: default, sync);
}

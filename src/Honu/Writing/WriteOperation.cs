namespace Honu.Writing;

internal enum WriteKind : byte
{
    Put,
    PutIfExpected,
    Delete,
}

/// <summary>One local write, on its way to the commit.</summary>
internal readonly ref struct WriteOperation(WriteKind kind, string @namespace, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, uint valueChecksum, VersionId expected, bool sync, NamespaceState? state = null, ulong hash = 0, ulong lifetime = 0)
{
    public WriteKind Kind { get; } = kind;

    public string Namespace { get; } = @namespace;

    public ReadOnlySpan<byte> Key { get; } = key;

    public ReadOnlySpan<byte> Value { get; } = value;

    /// <summary><see cref="Format.RecordChecksum.OfValue"/>, computed before the queue.</summary>
    public uint ValueChecksum { get; } = valueChecksum;

    /// <summary>For <see cref="WriteKind.PutIfExpected"/>: the version that must be current; none for "no live object".</summary>
    public VersionId Expected { get; } = expected;

    public bool Sync { get; } = sync;

    /// <summary>The namespace, when the caller knew it before the queue.</summary>
    public NamespaceState? State { get; } = state;

    /// <summary>The key's hash, when <see cref="State"/> is known.</summary>
    public ulong Hash { get; } = hash;

    /// <summary>For a put: the difference between its scalar and its expiry; 0 when it does not expire.</summary>
    public ulong Lifetime { get; } = lifetime;
}

/// <summary>What a local write did.</summary>
/// <param name="Applied">Whether a new version was written.</param>
/// <param name="Version">The new version, or the current one when nothing was written (none when there is none).</param>
internal readonly record struct WriteOutcome(bool Applied, ObjectVersion Version);

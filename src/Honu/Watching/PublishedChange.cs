namespace Honu.Watching;

/// <summary>A committed change as it waits for watchers; all of them share it.</summary>
internal sealed class PublishedChange(string ns, byte[] key, byte[] value, ObjectVersion version, bool isLocal, WatchPosition position)
{
    public string Namespace { get; } = ns;

    public byte[] Key { get; } = key;

    /// <summary>Empty when no watcher wants it.</summary>
    public byte[] Value { get; } = value;

    public ObjectVersion Version { get; } = version;

    public bool IsLocal { get; } = isLocal;

    /// <summary>What is covered once this change and all before it have been delivered.</summary>
    public WatchPosition Position { get; set; } = position;

    public int ByteCount => Key.Length + Value.Length;
}

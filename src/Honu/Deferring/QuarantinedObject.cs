namespace Honu;

/// <summary>A record that a peer sent, that passes its checksum, and that this store cannot hold as an object. It is kept beside the objects and passed on to peers.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Key">The object's key. Reads show an older version of it, or none.</param>
/// <param name="Version">The version that waits.</param>
/// <param name="Reason">Why it cannot be held.</param>
/// <param name="Bytes">How many bytes its value has.</param>
/// <param name="Since">When it came, by this machine's clock.</param>
public sealed record QuarantinedObject(string Namespace, ReadOnlyMemory<byte> Key, ObjectVersion Version, string Reason, int Bytes, DateTimeOffset Since);

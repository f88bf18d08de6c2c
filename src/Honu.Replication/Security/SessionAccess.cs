using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <summary>What the two ends of one session may tell and give each other, by the peer's certificate and by the grants.</summary>
/// <remarks>
/// <code>
/// Hello out     names only what the peer may read (Visible), and tells that (Told)
/// Hello in      certificate and pid must agree (FindObjection); what both tell is exchanged (Exchanges)
/// Vectors out   none of a namespace in which the peer may not write (MayWrite): it then streams nothing there
/// Vectors in    the peer's own writes in such a namespace end the session (CheckOwnWrites)
/// records in    each record's origin, and the peer that brings it, must hold write (CheckRecords)
/// </code>
/// Records are not signed by their origins, so whoever brings one could have made it: that is why the bringer needs write, too.
/// Over plaintext the peer is who it says; grants then keep honest replicas apart and nobody else.
/// </remarks>
internal sealed class SessionAccess
{
    private readonly StoreIdentity _own;
    private readonly AccessGrants? _grants;
    private readonly PeerIdentity? _identity;
    private uint? _pid;
    private IReadOnlyList<string> _theirs = [];
    private (string Namespace, uint Pid) _lastAllowed;

    /// <param name="own">This store.</param>
    /// <param name="grants">The grants; <see langword="null"/> when every member may do everything.</param>
    /// <param name="identity">What the peer's certificate says; <see langword="null"/> over plaintext.</param>
    /// <param name="expectedPid">Who is expected at the address, if that is known.</param>
    public SessionAccess(StoreIdentity own, AccessGrants? grants, PeerIdentity? identity, uint? expectedPid)
    {
        _own = own;
        _grants = grants;
        _identity = identity;
        _pid = identity?.Pid ?? expectedPid;
        Told = Readable();
    }

    /// <summary>What is told to the peer: the namespaces that it may read. Empty: all of them.</summary>
    public IReadOnlyList<string> Told { get; private set; }

    /// <summary>The namespaces that the peer may know of.</summary>
    public IReadOnlyDictionary<string, NamespaceDescription> Visible(IEnumerable<KeyValuePair<string, NamespaceDescription>> namespaces) =>
        namespaces.Where(described => _grants is null || Matches(Told, described.Key)).ToDictionary(StringComparer.Ordinal);

    /// <summary>Why nothing can be said to the peer at all, or <see langword="null"/>. For the one who speaks first.</summary>
    public Refusal? FindObjection() => _grants is null || Told.Count > 0 ? null : No(_pid is { } pid
        ? $"replica {pid} may read no namespace of replica {_own.Replica.Pid}: give it read in the grants"
        : $"replica {_own.Replica.Pid} has grants and does not know who answers at this address: use mutual TLS, or write the peer as PID@HOST:PORT");

    /// <summary>Why the peer must not go on after its Hello, or <see langword="null"/>. Called once, with the first Hello.</summary>
    public Refusal? FindObjection(Hello hello)
    {
        var pid = ReplicaId.FromUInt64(hello.Replica).Pid;
        if (_identity is not null && _identity.Cluster != _own.Cluster)
            return No($"the certificate of replica {_identity.Pid} is for cluster \"{_identity.Cluster}\", replica {_own.Replica.Pid} belongs to \"{_own.Cluster}\": use a certificate of this cluster", Refusal.Types.Reason.Cluster);
        if (_identity is not null && _identity.Pid != pid)
            return No($"a replica that calls itself {pid} shows the certificate of replica {_identity.Pid}: give each replica a certificate of its own", Refusal.Types.Reason.Identity);
        _theirs = [.. hello.Readable];
        if (_pid == pid || _grants is null)
            return FindObjection();

        // The one who was called learns only now who calls. What was told before went by what every replica may read.
        var wasKnown = _pid is not null;
        _pid = pid;
        if (!wasKnown && !HasSpoken)
            Told = Readable();
        return FindObjection();
    }

    /// <summary>Whether this side's Hello was sent: what it told can no longer change.</summary>
    public bool HasSpoken { get; set; }

    /// <summary>Whether a namespace is compared and exchanged: both sides have told the other that it may read it.</summary>
    public bool Exchanges(string ns) => (_grants is null || Matches(Told, ns)) && (_theirs.Count == 0 || Matches(_theirs, ns));

    /// <summary>Whether the peer's streams of a namespace are taken.</summary>
    public bool MayWrite(string ns) => _grants is null || (_pid is { } pid && Allows(pid, ns));

    /// <summary>Checks that the peer has not written by itself where it may not.</summary>
    /// <exception cref="ForbiddenException">It has, and its writes would never arrive here.</exception>
    public void CheckOwnWrites(string ns, VersionVector theirs, VersionVector ours)
    {
        if (MayWrite(ns))
            return;
        foreach (var origin in theirs.Origins)
        {
            if (origin.Pid == _pid && theirs.HighMark(origin) > ours.HighMark(origin))
                throw new ForbiddenException($"replica {_pid} has written to namespace \"{ns}\", which replica {_own.Replica.Pid} does not let it write: give it write in the grants, or drop its writes there");
        }
    }

    /// <summary>Checks every record of a block before any of it is applied.</summary>
    /// <exception cref="ForbiddenException">The peer, or the origin of a record, may not write here.</exception>
    public void CheckRecords(string ns, ReadOnlySpan<byte> block)
    {
        if (_grants is null || block.IsEmpty)
            return;
        if (!MayWrite(ns))
            throw new ForbiddenException($"replica {_pid} may not write to namespace \"{ns}\" of replica {_own.Replica.Pid}");
        var reader = new RecordBlockReader(block);
        while (reader.MoveNext())
        {
            // What is malformed is found, and refused as such, when the block is applied.
            if (reader.Record.Length < RecordLayout.HeaderBytes)
                return;
            var origin = RecordReader.ReadVersion(reader.Record).Replica.Pid;
            if (!Allows(origin, ns))
                throw new ForbiddenException($"replica {_pid} brings a write of replica {origin}, which may not write to namespace \"{ns}\" of replica {_own.Replica.Pid}");
        }
    }

    // This replica's own writes come back to it after it was restored.
    private bool Allows(uint origin, string ns)
    {
        if (origin == _own.Replica.Pid || _lastAllowed == (ns, origin))
            return true;
        if (!_grants!.Allows(AccessGrants.Replica(origin), AccessRight.Write, ns))
            return false;
        _lastAllowed = (ns, origin);
        return true;
    }

    // Of a peer that is not known yet, what every replica may read.
    private IReadOnlyList<string> Readable()
    {
        if (_grants is null)
            return [];
        return _grants.Patterns(_pid is { } pid ? AccessGrants.Replica(pid) : "replica:*", AccessRight.Read);
    }

    private static bool Matches(IReadOnlyList<string> patterns, string ns) => patterns.Any(pattern => NamespacePattern.Matches(pattern, ns));

    private static Refusal No(string message, Refusal.Types.Reason reason = Refusal.Types.Reason.Forbidden) => new() { Reason = reason, Message = message };
}

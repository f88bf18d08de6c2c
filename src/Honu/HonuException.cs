namespace Honu;

/// <summary>What went wrong, for programs that act on it.</summary>
public enum HonuErrorCode
{
    /// <summary>Not classified.</summary>
    Unknown = 0,

    /// <summary>The store is open already, in this process or another one.</summary>
    StoreLocked = 1,

    /// <summary>Bytes on disk failed their checks.</summary>
    Corruption = 2,

    /// <summary>The directory holds no Honu store.</summary>
    NotAStore = 3,

    /// <summary>The store was written in a format that this build does not know.</summary>
    UnknownFormat = 4,

    /// <summary>The disk or the file system refused.</summary>
    Io = 5,

    /// <summary>The store belongs to another replica than the one asked for.</summary>
    IdentityMismatch = 6,

    /// <summary>The store belongs to another cluster than the one asked for.</summary>
    ClusterMismatch = 7,

    /// <summary>The store was created with another kind of version clock.</summary>
    ClockMismatch = 8,

    /// <summary>An engine write failed earlier, so nothing more is acknowledged until the engine could be opened again, which the next write tries.</summary>
    StoreFailed = 9,

    /// <summary>A limit of the store is reached, such as the number of namespaces.</summary>
    LimitExceeded = 10,

    /// <summary>A scalar lies too far in the future to be taken over.</summary>
    ClockDrift = 11,

    /// <summary>A record or vector from a peer failed its checks.</summary>
    MalformedRecord = 12,

    /// <summary>The store was opened with <see cref="HonuStoreOptions.ReadOnly"/>, and the call would have changed it.</summary>
    ReadOnly = 13,

    /// <summary>A backup or a restored store needs a directory that does not exist or is empty.</summary>
    DirectoryNotEmpty = 14,

    /// <summary>A repair found no record that says who the store is.</summary>
    IdentityLost = 15,

    /// <summary>A full reconcile with a peer would delete more objects than <see cref="HonuStoreOptions.ReconcileLimitFraction"/> and <see cref="HonuStoreOptions.ReconcileLimitObjects"/> allow: an operator has to say that it is right.</summary>
    ReconcileLimit = 16,

    /// <summary>A replica did not have in time what a token or a bound of staleness asks for. A write that waited for it was not made.</summary>
    WaitTimedOut = 40,

    /// <summary>A token asks for a write of this store that a power loss took: no replica will ever have it.</summary>
    WriteLost = 41,

    /// <summary>A token would exceed <see cref="CausalToken.MaxBytes"/>.</summary>
    TokenTooLarge = 42,

    /// <summary>The call needs replication to run for the store, and none does.</summary>
    NotReplicating = 43,
}

/// <summary>A condition of the world that a caller can act on: the message names the thing and the next step.</summary>
public class HonuException : Exception
{
    /// <summary>Creates the exception; <paramref name="message"/> is one line.</summary>
    public HonuException(HonuErrorCode code, string message, string? path = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        Path = path;
    }

    /// <summary>What went wrong.</summary>
    public HonuErrorCode Code { get; }

    /// <summary>The store's directory, when the error concerns one.</summary>
    public string? Path { get; }
}

/// <summary>The store is open already, in this process (also by another spelling of its path) or in another one.</summary>
public sealed class HonuStoreLockedException(string path, string message, Exception? innerException = null)
    : HonuException(HonuErrorCode.StoreLocked, message, path, innerException);

/// <summary>Bytes on disk failed their checks.</summary>
public sealed class HonuCorruptionException(string? path, string message, Exception? innerException = null)
    : HonuException(HonuErrorCode.Corruption, message, path, innerException);

/// <summary>The directory is no Honu store, or one of a format that this build does not know.</summary>
public sealed class HonuFormatException(HonuErrorCode code, string path, string message, Exception? innerException = null)
    : HonuException(code, message, path, innerException);

/// <summary>The disk or the file system refused an operation.</summary>
public sealed class HonuIOException(string? path, string message, Exception? innerException = null)
    : HonuException(HonuErrorCode.Io, message, path, innerException);

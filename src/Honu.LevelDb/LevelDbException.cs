namespace Honu.LevelDb;

/// <summary>What kind of condition a <see cref="LevelDbException"/> reports.</summary>
public enum LevelDbErrorKind
{
    /// <summary>LevelDB gave a message of a kind that this binding does not know.</summary>
    Unknown = 0,

    /// <summary>The database, or a file that belongs to it, does not exist.</summary>
    NotFound,

    /// <summary>Stored bytes failed a check. Restore a backup, or see <see cref="LevelDbMaintenance.Repair"/>.</summary>
    Corruption,

    /// <summary>The file system refused an operation: no space, no permission, a broken disk.</summary>
    IOError,

    /// <summary>The database cannot be used in the way that was asked for.</summary>
    InvalidArgument,

    /// <summary>LevelDB does not support the operation.</summary>
    NotSupported,

    /// <summary>The database is open in this or in another process.</summary>
    Locked,
}

/// <summary>A condition of the world that LevelDB met: the message names the path, what was found, and the next step.</summary>
public class LevelDbException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">The kind, to act on.</param>
    /// <param name="path">Directory of the database.</param>
    /// <param name="message">What happened, naming the path, and what to do.</param>
    /// <param name="innerException">The cause, when the file system reported it.</param>
    public LevelDbException(LevelDbErrorKind kind, string path, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Kind = kind;
        Path = path;
    }

    /// <summary>The kind of condition.</summary>
    public LevelDbErrorKind Kind { get; }

    /// <summary>Directory of the database.</summary>
    public string Path { get; }
}

/// <summary>The database is already open, in this process or in another one. Open it once and share the instance.</summary>
public sealed class LevelDbLockedException : LevelDbException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">Directory of the database.</param>
    /// <param name="message">Who holds it, and what to do.</param>
    /// <param name="innerException">The cause, when the file system reported it.</param>
    public LevelDbLockedException(string path, string message, Exception? innerException = null)
        : base(LevelDbErrorKind.Locked, path, message, innerException)
    {
    }
}

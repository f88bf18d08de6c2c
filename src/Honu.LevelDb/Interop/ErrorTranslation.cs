using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Honu.LevelDb.Interop;

// LevelDB's C API reports errors as text only, so the kind is told from the prefix that Status::ToString writes.
internal static unsafe class ErrorTranslation
{
    /// <summary>Frees LevelDB's message and throws it as a typed exception.</summary>
    [DoesNotReturn]
    internal static void Throw(byte* error, string path, string operation) => throw ToException(TakeMessage(error), path, operation);

    internal static string TakeMessage(byte* error)
    {
        string message = Marshal.PtrToStringUTF8((nint)error) ?? string.Empty;
        NativeMethods.leveldb_free(error);
        return message;
    }

    internal static LevelDbException ToException(string message, string path, string operation)
    {
        LevelDbErrorKind kind = Classify(message);
        string text = $"{operation} '{path}' failed: {message.TrimEnd('.')}. {NextStep(kind)}";
        return kind == LevelDbErrorKind.Locked ? new LevelDbLockedException(path, text) : new LevelDbException(kind, path, text);
    }

    internal static LevelDbErrorKind Classify(string message) => message switch
    {
        // The lock is reported as an I/O error; it is the one that a caller waits for or shows differently.
        _ when message.StartsWith("IO error: lock ", StringComparison.Ordinal) => LevelDbErrorKind.Locked,
        _ when message.StartsWith("IO error:", StringComparison.Ordinal) => LevelDbErrorKind.IOError,
        _ when message.StartsWith("Corruption:", StringComparison.Ordinal) => LevelDbErrorKind.Corruption,
        _ when message.StartsWith("NotFound:", StringComparison.Ordinal) => LevelDbErrorKind.NotFound,
        _ when message.StartsWith("Invalid argument:", StringComparison.Ordinal) => LevelDbErrorKind.InvalidArgument,
        _ when message.StartsWith("Not implemented:", StringComparison.Ordinal) => LevelDbErrorKind.NotSupported,
        _ => LevelDbErrorKind.Unknown,
    };

    private static string NextStep(LevelDbErrorKind kind) => kind switch
    {
        LevelDbErrorKind.NotFound => "A file of the database is missing: check the path, or restore a backup.",
        LevelDbErrorKind.Corruption => "Restore the directory from a backup.",
        LevelDbErrorKind.IOError => "Check free space, permissions and the disk, then open the database again.",
        LevelDbErrorKind.InvalidArgument => "Check the path and the options.",
        LevelDbErrorKind.NotSupported => "This version of LevelDB does not offer it.",
        LevelDbErrorKind.Locked => "Another process has it open: close it there first.",
        _ => "Open the database again; if it stays, restore a backup.",
    };
}

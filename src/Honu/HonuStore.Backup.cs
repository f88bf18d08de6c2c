using Honu.Care;
using Honu.Engines;

namespace Honu;

public sealed partial class HonuStore
{
    /// <summary>Copies the store, as it is at the moment of the call, into a directory, while reads and writes go on.</summary>
    /// <param name="directory">Where to: it must not exist, or be empty. A store in memory goes into a directory of the default engine.</param>
    /// <param name="progress">Gets the number of entries copied so far.</param>
    /// <param name="cancellationToken">Gives the copy up.</param>
    /// <remarks>
    /// Reads and checks every record, so the cost grows with the store; the disk has one more copy afterwards. Versions that are
    /// overwritten meanwhile stay on disk until it ends. The copy is a store of its own: it may be opened where it lies or be restored
    /// (<see cref="Restore"/>), takes a new epoch then, and must not run side by side with the original as its replica.
    /// </remarks>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.DirectoryNotEmpty"/>: there is something in the directory already.</exception>
    /// <exception cref="HonuCorruptionException">A record is damaged. Nothing of the copy is left.</exception>
    /// <exception cref="HonuIOException">The directory cannot be written. Nothing of the copy is left.</exception>
    /// <exception cref="OperationCanceledException">It was given up. Nothing of the copy is left.</exception>
    public BackupReport BackupTo(string directory, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        _core.ThrowIfDisposed();
        var target = System.IO.Path.GetFullPath(directory);
        if (Path.Length > 0 && (target + System.IO.Path.DirectorySeparatorChar).StartsWith(Path + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new ArgumentException($"A backup does not go into the store's own directory ({Path}). Name another one.", nameof(directory));
        var factory = _core.Options.Engine is { UsesDirectory: true } own ? own : LevelDbEngine.Factory;

        using var snapshot = _core.Engine.CreateSnapshot();
        return new StoreCopier(_core.Engine, snapshot, isSettled: !_core.Options.ReadOnly).CopyTo(target, factory, _core.Options, progress, cancellationToken);
    }

    /// <summary>Copies a backup, or the directory of any closed store, into a new directory, and checks every record on the way.</summary>
    /// <param name="backup">The directory to copy. It stays as it is, apart from what its engine tidies up when it is opened, and may be restored again.</param>
    /// <param name="path">Where to: it must not exist, or be empty.</param>
    /// <param name="options">The engine of both; <see langword="null"/> for the defaults.</param>
    /// <param name="progress">Gets the number of entries copied so far.</param>
    /// <param name="cancellationToken">Gives the copy up.</param>
    /// <returns>What was copied. The restored store keeps its store id and pid, and takes a new epoch when it is first opened.</returns>
    /// <exception cref="HonuFormatException">The backup is no store, or one of a format that this build does not know.</exception>
    /// <exception cref="HonuStoreLockedException">The backup is open.</exception>
    /// <inheritdoc cref="BackupTo"/>
    public static BackupReport Restore(string backup, string path, HonuStoreOptions? options = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(backup);
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var closed = ClosedStore.Open(System.IO.Path.GetFullPath(backup), options ?? new HonuStoreOptions());
        using var snapshot = closed.Engine.CreateSnapshot();
        return new StoreCopier(closed.Engine, snapshot, isSettled: false).CopyTo(System.IO.Path.GetFullPath(path), closed.Factory, closed.Options, progress, cancellationToken);
    }
}

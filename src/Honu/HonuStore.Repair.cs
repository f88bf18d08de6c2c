namespace Honu;

public sealed partial class HonuStore
{
    /// <summary>Makes a damaged store that nobody has open usable again: keeps the records that pass their checks, drops the others and rebuilds the index. Never done by itself.</summary>
    /// <param name="path">The store's directory. <b>Copy it first</b>: what cannot be read is gone afterwards.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <returns>What was kept and what was dropped.</returns>
    /// <remarks>
    /// The store may have lost records without a trace, so it is amnesiac afterwards: it takes a new epoch, its vectors are empty and every
    /// record is loose, until sessions with its peers have told it what it lacks. Without peers, what was lost stays lost, and where only the
    /// newest record of an object was lost an older version may be current again.
    /// A repair that was interrupted leaves a store that does not open; repair it again.
    /// </remarks>
    /// <exception cref="HonuFormatException">The directory is no Honu store, or one of a format that this build does not know.</exception>
    /// <exception cref="HonuStoreLockedException">The store is open.</exception>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.IdentityLost"/>: nothing says who the store is; see <see cref="RepairOptions.NewIdentity"/>.</exception>
    /// <exception cref="HonuIOException">The disk or the file system refused.</exception>
    public static RepairReport Repair(string path, RepairOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Care.StoreRepairer.Repair(System.IO.Path.GetFullPath(path), options ?? new RepairOptions());
    }
}

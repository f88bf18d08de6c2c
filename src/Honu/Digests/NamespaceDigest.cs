namespace Honu.Digests;

/// <summary>The digest of a namespace's live records: where it began, and what commits have changed since.</summary>
/// <remarks>
/// Changes are counted always, also while nobody knows where they began. A scan notes the changes that its snapshot includes; once it has
/// read the snapshot, what it found less those changes is the beginning. So a commit neither waits for a scan nor needs to know of it.
/// The committing thread changes and reads; a scan publishes from a thread of its own.
/// </remarks>
internal sealed class NamespaceDigest
{
    private readonly Lock _gate = new();
    private DigestSum _changes;
    private DigestSum _beginning;
    private bool _isKnown;
    private long _lastScan;

    /// <summary>What commits have changed so far.</summary>
    public DigestSum Changes => _changes;

    /// <summary>A current record took the place of another; either may be none.</summary>
    public void Replace(in CurrentRecord before, in CurrentRecord now) => _changes = _changes.Without(before).With(now);

    /// <summary>The digest as it is after the last commit; <see langword="false"/> when nobody can vouch for it.</summary>
    public bool TryGet(out DigestSum digest)
    {
        lock (_gate)
        {
            digest = _beginning.Plus(_changes);
            return _isKnown;
        }
    }

    /// <summary>Takes over what was found in a snapshot, unless a later scan has published, or the digest was forgotten since.</summary>
    /// <param name="found">The sum over the records of the snapshot.</param>
    /// <param name="changes"><see cref="Changes"/> at the moment of the snapshot.</param>
    /// <param name="scan">Scans are numbered as their snapshots were taken.</param>
    /// <param name="kept">What the digest was taken for at the moment of the snapshot, when that is another one.</param>
    /// <returns><see langword="false"/> when a digest was known that the records do not bear out.</returns>
    public bool Publish(in DigestSum found, in DigestSum changes, long scan, out DigestSum kept)
    {
        lock (_gate)
        {
            kept = found;
            if (scan < _lastScan)
                return true;
            _lastScan = scan;
            var beginning = found.Minus(changes);
            var agrees = !_isKnown || _beginning == beginning;
            if (!agrees)
                kept = _beginning.Plus(changes);
            _beginning = beginning;
            _isKnown = true;
            return agrees;
        }
    }

    /// <summary>Nobody can vouch for the digest any more.</summary>
    /// <param name="scan">Scans with a lower number must not publish.</param>
    public void Forget(long scan)
    {
        lock (_gate)
        {
            if (scan < _lastScan)
                return;
            _lastScan = scan;
            _isKnown = false;
        }
    }
}

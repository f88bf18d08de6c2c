namespace Honu;

public sealed partial class HonuStore
{
    /// <inheritdoc cref="HonuNamespace.Put"/>
    public ObjectVersion Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, WriteOptions options = default) => _default.Put(key, value, options);

    /// <inheritdoc cref="HonuNamespace.TryPut"/>
    public bool TryPut(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, VersionId expected, out ObjectVersion version, WriteOptions options = default) =>
        _default.TryPut(key, value, expected, out version, options);

    /// <inheritdoc cref="HonuNamespace.Delete(ReadOnlySpan{byte}, WriteOptions)"/>
    public bool Delete(ReadOnlySpan<byte> key, WriteOptions options = default) => _default.Delete(key, options);

    /// <inheritdoc cref="HonuNamespace.Delete(ReadOnlySpan{byte}, out ObjectVersion, WriteOptions)"/>
    public bool Delete(ReadOnlySpan<byte> key, out ObjectVersion tombstone, WriteOptions options = default) => _default.Delete(key, out tombstone, options);

    /// <inheritdoc cref="HonuNamespace.Undelete"/>
    public bool Undelete(ReadOnlySpan<byte> key, out ObjectVersion version, WriteOptions options = default) => _default.Undelete(key, out version, options);

    /// <inheritdoc cref="HonuNamespace.DeleteRange"/>
    public long DeleteRange(ScanOptions range, WriteOptions options = default) => _default.DeleteRange(range, options);

    /// <inheritdoc cref="HonuNamespace.DeletePrefix"/>
    public long DeletePrefix(ReadOnlySpan<byte> prefix, WriteOptions options = default) => _default.DeletePrefix(prefix, options);

    /// <summary>Applies all operations of a batch, across namespaces, atomically: readers and a killed process see all or nothing of it.</summary>
    /// <returns>The new version of each operation, in order; none for a deletion that found nothing.</returns>
    /// <exception cref="ArgumentException">A value is longer than <see cref="HonuStoreOptions.MaxValueBytes"/>; nothing was written.</exception>
    /// <exception cref="HonuException">The engine refused; nothing more is acknowledged until the engine could be opened again, which the next write tries.</exception>
    public IReadOnlyList<ObjectVersion> Write(HonuWriteBatch batch, WriteOptions options = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        _core.ThrowIfDisposed();
        if (options.Needs is not null)
            HonuNamespace.ThrowIfWaits(options);
        Writing.StoreOpener.ThrowIfReadOnly(_core);
        foreach (var operation in batch.Operations)
            HonuNamespace.CheckValue(_core, operation.Value.Span);
        var lifetime = options.TimeToLive is { } timeToLive ? HonuNamespace.Lifetime(_core, timeToLive) : 0;
        if (batch.HasTimeToLive && _core.Identity.Clock != VersionClock.Hybrid)
            _ = HonuNamespace.Lifetime(_core, TimeSpan.FromMilliseconds(1));
        if (batch.Count == 0)
            return [];
        var synced = HonuNamespace.IsSynced(_core, options);
        return Telemetry.IsListening ? WriteMeasured(batch, synced, lifetime) : _core.Writer.Commit(batch, synced, lifetime);
    }

    // A batch may span namespaces: its measurement names one only when all of it is there.
    private ObjectVersion[] WriteMeasured(HonuWriteBatch batch, bool synced, ulong lifetime)
    {
        var start = Telemetry.Start();
        var names = batch.Operations.Select(static operation => operation.Namespace).Distinct(StringComparer.Ordinal).Take(2).ToList();
        var ns = names.Count == 1 ? names[0] : "";
        try
        {
            var versions = _core.Writer.Commit(batch, synced, lifetime);
            Telemetry.Wrote("write", ns, start, batch.Operations.Sum(static operation => (long)operation.Value.Length));
            return versions;
        }
        catch (Exception error)
        {
            Telemetry.Failed("write", ns, start, error);
            throw;
        }
    }
}

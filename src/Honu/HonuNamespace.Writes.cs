using Honu.Format;
using Honu.History;
using Honu.Writing;

namespace Honu;

public sealed partial class HonuNamespace
{
    /// <summary>Writes a value. Over a deleted object it brings it back.</summary>
    /// <param name="key">1 to 4,096 bytes.</param>
    /// <param name="value">Up to <see cref="HonuStoreOptions.MaxValueBytes"/> bytes; may be empty.</param>
    /// <param name="options">Options of this write.</param>
    /// <returns>The version it made.</returns>
    /// <exception cref="ArgumentException">Key, value or time to live are outside of their limits, or the store's clock does not allow a time to live.</exception>
    /// <exception cref="HonuException">The engine refused; nothing more is acknowledged until the engine could be opened again, which the next write tries.</exception>
    public ObjectVersion Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, WriteOptions options = default) =>
        Commit(WriteKind.Put, key, value, expected: default, options).Version;

    /// <summary>Writes a value if the object's current version is the expected one: a local compare-and-put. Other replicas may write meanwhile; such a fork is told and resolved when they meet.</summary>
    /// <param name="key">1 to 4,096 bytes.</param>
    /// <param name="value">Up to <see cref="HonuStoreOptions.MaxValueBytes"/> bytes.</param>
    /// <param name="expected">The version that must be current; <see langword="default"/> for "there is no such object" (never written, or deleted).</param>
    /// <param name="version">The version it made, or the one that is current when nothing was written.</param>
    /// <param name="options">Options of this write.</param>
    /// <returns>Whether the value was written.</returns>
    /// <inheritdoc cref="Put"/>
    public bool TryPut(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, VersionId expected, out ObjectVersion version, WriteOptions options = default)
    {
        var outcome = Commit(WriteKind.PutIfExpected, key, value, expected, options);
        version = outcome.Version;
        return outcome.Applied;
    }

    /// <summary>Deletes an object: its latest version becomes a tombstone, its history stays.</summary>
    /// <returns><see langword="false"/> when there was nothing to delete.</returns>
    /// <inheritdoc cref="Put"/>
    public bool Delete(ReadOnlySpan<byte> key, WriteOptions options = default) => Delete(key, out _, options);

    /// <summary>Deletes an object and tells the tombstone's version (or that of the tombstone that was there, or none).</summary>
    /// <inheritdoc cref="Delete(ReadOnlySpan{byte}, WriteOptions)"/>
    public bool Delete(ReadOnlySpan<byte> key, out ObjectVersion tombstone, WriteOptions options = default)
    {
        var outcome = Commit(WriteKind.Delete, key, value: default, expected: default, options);
        tombstone = outcome.Version;
        return outcome.Applied;
    }

    /// <summary>Changes how much of an object's past the namespace keeps, from now on and over restarts, whatever <see cref="HonuStoreOptions.Retention"/> says. Creates the namespace if need be.</summary>
    /// <remarks>What is there already is brought into line in the background; while that lasts, the oldest versions of some objects may go a little earlier than they must.</remarks>
    /// <exception cref="ArgumentException">The retention needs <see cref="VersionClock.Hybrid"/>, and the store has another clock.</exception>
    /// <exception cref="HonuException">The engine refused; nothing more is acknowledged until the engine could be opened again, which the next write tries.</exception>
    public void SetRetention(Retention retention)
    {
        ThrowIfSnapshot();
        HonuStoreOptionsValidator.ThrowIfUnusable(retention, _core.Identity.Clock);
        _core.Exclusively((_core, Name, retention), static args =>
        {
            var (core, name, retention) = args;
            core.ThrowIfUnusable();
            var state = core.Namespaces.GetOrAdd(name, core.Batch);
            var isSame = state.Retention.Retention == retention;
            var changed = isSame ? state.Retention with { IsOwn = true } : new NamespaceRetention(retention, IsOwn: true, core.Clock.Last, IsSettled: false);
            changed.Stage(core.Batch, state.Id);
            core.Commit(sync: true);
            state.Retention = changed;
            core.Pruner.Restart();
            return true;
        });
    }

    internal static void CheckValue(StoreCore core, ReadOnlySpan<byte> value)
    {
        if (value.Length > core.Options.MaxValueBytes)
            throw new ArgumentException($"A value has at most {core.Options.MaxValueBytes} bytes (MaxValueBytes); this one has {value.Length}.", nameof(value));
    }

    internal static bool IsSynced(StoreCore core, WriteOptions options) => (options.Durability ?? core.Options.Durability) == Durability.Synced;

    internal static ulong Lifetime(StoreCore core, TimeSpan timeToLive)
    {
        HonuWriteBatch.CheckTimeToLive(timeToLive);
        if (core.Identity.Clock != VersionClock.Hybrid)
            throw new ArgumentException($"A time to live needs the clock {VersionClock.Hybrid}: the versions of a store with the clock {core.Identity.Clock} do not tell their time.", nameof(timeToLive));
        return HybridLogicalClock.FromTime(timeToLive);
    }

    private WriteOutcome Commit(WriteKind kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, VersionId expected, WriteOptions options) =>
        Telemetry.IsListening ? CommitMeasured(kind, key, value, expected, options) : CommitOne(kind, key, value, expected, options);

    private WriteOutcome CommitMeasured(WriteKind kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, VersionId expected, WriteOptions options)
    {
        var start = Telemetry.Start();
        var operation = kind == WriteKind.Delete ? "delete" : "put";
        try
        {
            var outcome = CommitOne(kind, key, value, expected, options);
            Telemetry.Wrote(operation, Name, start, outcome.Applied ? value.Length : 0);
            return outcome;
        }
        catch (Exception error)
        {
            Telemetry.Failed(operation, Name, start, error);
            throw;
        }
    }

    private WriteOutcome CommitOne(WriteKind kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, VersionId expected, WriteOptions options)
    {
        ThrowIfSnapshot();
        if (options.Needs is not null)
            ThrowIfWaits(options);
        StoreLimits.CheckKey(key);
        CheckValue(_core, value);
        StoreOpener.ThrowIfReadOnly(_core);
        // Asked once: the namespace may come into being, or be dropped, at any moment, and the hash belongs to this state.
        var state = State;
        var hash = 0UL;
        if (state is not null)
        {
            hash = _core.Hash.Of(state.Id, key);
            _core.Heads.Prefetch(hash);
        }

        var lifetime = options.TimeToLive is { } timeToLive && kind != WriteKind.Delete ? Lifetime(_core, timeToLive) : 0;
        return _core.Writer.Commit(new WriteOperation(kind, Name, key, value, RecordChecksum.OfValue(value), expected, IsSynced(_core, options), state, hash, lifetime));
    }

    private void ThrowIfSnapshot()
    {
        if (_snapshot is not null)
            throw new InvalidOperationException("A snapshot is read-only; write through the store.");
    }
}

using System.Buffers.Binary;
using Honu.Engines;
using Honu.Format;
using Honu.History;
using Honu.Lookup;

namespace Honu.Writing;

/// <summary>Opens a store: checks format and identity before anything is written, then brings clock, vectors and epoch into a state in which a write is safe.</summary>
internal static class StoreOpener
{
    private static readonly DateTimeOffset EpochStart = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static StoreCore Open(string path, HonuStoreOptions options)
    {
        HonuStoreOptionsValidator.ThrowIfInvalid(options);
        var factory = options.Engine ?? LevelDbEngine.Factory;
        if (factory.UsesDirectory)
            StoreDirectory.Prepare(path, options.CreateIfMissing && !options.ReadOnly, options.Formats);
        var engine = factory.Open(path, options);
        try
        {
            return Open(path, engine, factory, options);
        }
        catch
        {
            // Whatever went wrong, the lock must not stay behind.
            engine.Dispose();
            throw;
        }
    }

    private static StoreCore Open(string path, IStorageEngine engine, IStorageEngineFactory factory, HonuStoreOptions options)
    {
        // An upgrade writes the marker anew, which must not look like a copy.
        var stamp = factory.Stamp(path);
        var format = ReadFormat(path, engine, options.Formats);
        if (options.ReadOnly)
            CheckReadable(path, format, options.Formats);
        else if (format < options.Formats.Current)
            Upgrade(path, engine, factory, options.Formats, format.Value);

        var stored = format is null ? null : ReadIdentity(engine);
        var wasCopied = stored is not null && stored.DirectoryStamp != stamp;
        var identity = stored is null ? Create(options) : Reconcile(path, stored, options, wasCopied && !options.ReadOnly);
        var run = RunRecord.Read(engine);
        var lostPower = stored is not null && run is not { IsClean: true } && (options.Environment.BootId.Length == 0 || run?.BootId != options.Environment.BootId);

        var namespaces = new NamespaceTable(options.Retention);
        namespaces.Load(engine);
        if (options.ReadOnly)
            identity = stored!;
        else if (lostPower || wasCopied || (stored is not null && stored.Replica != identity.Replica))
            identity = NewEpoch(identity, options.Environment, options.Faults);
        if (!options.ReadOnly)
            identity = identity with { DirectoryStamp = factory.Stamp(path) };

        IVersionClock clock = identity.Clock == VersionClock.Hybrid
            ? new HybridLogicalClock(options.Environment.Time, options.MaxClockDrift)
            : new LamportClock();
        clock.Observe(MetaRecords.GetScalar(engine, MetaRecords.Clock));
        HonuStoreOptionsValidator.ThrowIfUnusable(options.Retention, identity.Clock);

        var filter = TakeFilter(path, engine, factory, options, isClean: run is { IsClean: true }, out var secrets);
        var core = new StoreCore(path, engine, options, identity, clock, namespaces, secrets);
        core.Replicas.Load(engine);
        core.Held.Load(lostPower);
        foreach (var state in namespaces.All)
            RestoreVector(core, state, stored?.Replica ?? identity.Replica, lostPower);
        if (lostPower && !options.ReadOnly)
            RestoreIndex(core);
        foreach (var state in namespaces.All)
            state.Publish(state.Vector, core.CountLoose(state, state.Vector));

        core.Digests.Load(isClean: run is { IsClean: true });
        if (options.ReadOnly)
        {
            core.Fail(ReadOnlyRefusal(path)); // so that its closing writes nothing either
            return core;
        }

        TakeOverRetention(core);
        core.Dropper.Load();
        core.Streams.Load();
        if (lostPower)
            core.Held.StageLostEpoch(stored!.Replica);
        WriteOpeningRecords(core, isNew: stored is null, identityChanged: identity != stored, lostPower);
        if (filter is not null)
            core.Presence.Start(filter);
        else if (UsesFilter(factory, options) && stored is null)
            core.Presence.StartEmpty();
        else if (UsesFilter(factory, options))
            core.Presence.Begin();
        core.Digests.BeginIfNeeded();
        core.Conflicts.Load();
        if (core.Held.Reissuer.HasWork)
            core.Held.Reissuer.Finish();
        core.Settler.SettleAll();
        return core;
    }

    // Where lookups are cheap anyway, in memory, there is nothing to save.
    private static bool UsesFilter(IStorageEngineFactory factory, HonuStoreOptions options) => factory.UsesDirectory && options.PresenceFilterBitsPerKey > 0 && !options.ReadOnly;

    private static PresenceFilter? TakeFilter(string path, IStorageEngine engine, IStorageEngineFactory factory, HonuStoreOptions options, bool isClean, out byte[] secrets)
    {
        PresenceFilter? filter = null;
        secrets = [];
        if (UsesFilter(factory, options))
            FilterFile.TryTake(path, isClean ? MetaRecords.Get(engine, MetaRecords.Key(MetaRecords.Filter)) : [], out secrets, out filter);
        if (filter is not null)
            return filter;
        secrets = new byte[KeyHash.SecretBytes];
        options.Environment.Random(secrets);
        return null;
    }

    /// <summary>What a call that would change a store opened for reading is answered.</summary>
    public static void ThrowIfReadOnly(StoreCore core)
    {
        if (core.Options.ReadOnly)
            throw ReadOnlyRefusal(core.Path);
    }

    private static HonuException ReadOnlyRefusal(string path) =>
        new(HonuErrorCode.ReadOnly, $"The store at {path} was opened for reading only (ReadOnly). Open it without that option to change it.", path);

    /// <summary>Throws unless a store can be read as it is: it exists, and its data have the present format.</summary>
    public static void CheckReadable(string path, int? format, FormatUpgrades formats)
    {
        if (format is null)
            throw StoreDirectory.NoStore(path);
        if (format < formats.Current)
            throw new HonuException(HonuErrorCode.ReadOnly, $"The store at {path} has format {format} and must be brought to format {formats.Current}, which a store opened for reading only cannot do. Open it once without ReadOnly.", path);
    }

    // The marker first, the number inside last: see FormatUpgrades.
    private static void Upgrade(string path, IStorageEngine engine, IStorageEngineFactory factory, FormatUpgrades formats, int from)
    {
        if (factory.UsesDirectory)
        {
            try
            {
                StoreDirectory.WriteMarker(path, formats.Current);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw StoreDirectory.Unusable(path, error);
            }

            // A power loss must not keep changed data and lose the marker: the barrier makes the directory durable too.
            engine.Sync();
        }

        formats.Run(engine, from);
    }

    private static StoreIdentity ReadIdentity(IStorageEngine engine)
    {
        var key = MetaRecords.Key(MetaRecords.Identity);
        return StoreIdentity.Decode(MetaRecords.Get(engine, key) ?? throw MetaRecords.Damaged(key)) ?? throw MetaRecords.Damaged(key);
    }

    /// <summary>The format of the data, or <see langword="null"/> when the engine is empty.</summary>
    public static int? ReadFormat(string path, IStorageEngine engine, FormatUpgrades formats)
    {
        var format = MetaRecords.Get(engine, MetaRecords.Key(MetaRecords.Format));
        if (format is null)
        {
            using var any = engine.CreateIterator(verify: true);
            any.Seek([]);
            any.ThrowIfFailed();
            return any.IsValid ? throw StoreDirectory.NotAStore(path, $"The database at {path} holds data that Honu did not write. Name another directory.") : null;
        }

        var number = format.Length == 4 ? BinaryPrimitives.ReadUInt32LittleEndian(format) : 0;
        return formats.Knows(number) ? (int)number : throw StoreDirectory.UnknownFormat(path, number, formats);
    }

    /// <summary>Who a new store is.</summary>
    public static StoreIdentity Create(HonuStoreOptions options) => new()
    {
        StoreId = NewGuid(options.Environment),
        Incarnation = NewGuid(options.Environment),
        Replica = new ReplicaId(options.Pid ?? RandomPid(options.Environment), 0),
        PidIsGiven = options.Pid is not null,
        Cluster = options.Cluster ?? "",
        Clock = options.Clock ?? VersionClock.Hybrid,
    };

    // A number that was drawn gives way to one that is chosen later; everything else that was once said stays. A copy that is given another number becomes
    // a store of its own: its original may be alive, and peers must not take the two for one.
    private static StoreIdentity Reconcile(string path, StoreIdentity stored, HonuStoreOptions options, bool isCopy)
    {
        if (options.Clock is { } clock && clock != stored.Clock)
            throw new HonuException(HonuErrorCode.ClockMismatch, $"The store at {path} was created with the {stored.Clock} clock; it cannot be opened with {clock}. Leave the clock unset.", path);
        if (options.Cluster is { } cluster && stored.Cluster.Length > 0 && cluster != stored.Cluster)
            throw new HonuException(HonuErrorCode.ClusterMismatch, $"The store at {path} belongs to cluster \"{stored.Cluster}\", not \"{cluster}\". Name its own cluster, or use another directory.", path);
        if (options.Pid is { } pid && stored.PidIsGiven && pid != stored.Replica.Pid && !isCopy)
            throw new HonuException(HonuErrorCode.IdentityMismatch, $"The store at {path} is replica {stored.Replica.Pid}, not {pid}. Use its own number, or another directory.", path);

        var identity = stored;
        if (options.Cluster is not null)
            identity = identity with { Cluster = options.Cluster };
        if (isCopy && options.Pid is { } other && other != stored.Replica.Pid)
            identity = identity with { StoreId = NewGuid(options.Environment) };
        if (options.Pid is { } given)
            identity = identity with { Replica = given == stored.Replica.Pid ? stored.Replica : new ReplicaId(given, stored.Replica.Epoch), PidIsGiven = true };
        return identity;
    }

    // Unique across copies of a directory (R12): days and random bits, not the old epoch plus one.
    public static StoreIdentity NewEpoch(StoreIdentity identity, StoreEnvironment environment, PlantedFaults faults = PlantedFaults.None)
    {
        if (faults.HasFlag(PlantedFaults.EpochIsOldPlusOne))
            return identity with { Replica = identity.Replica with { Epoch = identity.Replica.Epoch + 1 }, Incarnation = NewGuid(environment) };
        Span<byte> random = stackalloc byte[4];
        uint epoch;
        do
        {
            environment.Random(random);
            var days = (uint)(environment.Time.GetUtcNow() - EpochStart).TotalDays;
            epoch = (days << 19) | (BinaryPrimitives.ReadUInt32LittleEndian(random) & 0x7FFFF);
        }
        while (epoch == 0 || epoch == identity.Replica.Epoch);
        return identity with { Replica = identity.Replica with { Epoch = epoch }, Incarnation = NewGuid(environment) };
    }

    /// <summary>Brings a namespace's vector to what this store can vouch for.</summary>
    /// <remarks>
    /// A put writes no vector, so the writer's own mark is the greater of the stored one and its last index entry. After a power loss
    /// the log may have kept a vector and lost what it covers (R11, T10): only the vector of the last barrier counts then. The own
    /// mark stands all the same: what was lost of the own writes was never shipped, because shipping waits for the barrier.
    /// </remarks>
    private static void RestoreVector(StoreCore core, NamespaceState state, ReplicaId writer, bool lostPower)
    {
        var own = Math.Max(state.Vector.HighMark(writer), LastIndexed(core.Engine, state.Id, writer));
        var vector = state.Vector;
        if (lostPower)
        {
            Span<byte> key = stackalloc byte[KeySpaces.NamespacePrefixBytes];
            vector = NamespaceTable.ReadVector(core.Engine, KeySpaces.Prefix(key, KeySpaces.Barrier, state.Id));
        }

        vector.Advance(writer, own);
        core.Clock.Observe(vector.GreatestScalar());
        state.Publish(vector, default);
    }

    // What a power loss may have torn apart: current records and their index, cursors and the records that they vouch for.
    private static void RestoreIndex(StoreCore core)
    {
        IndexScrubber.AddMissing(core);
        IndexScrubber.RemoveStale(core);
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        using var cursors = core.Engine.CreateIterator(verify: true);
        foreach (var state in core.Namespaces.All)
        {
            KeySpaces.Prefix(prefix, KeySpaces.Cursor, state.Id);
            for (cursors.Seek(prefix); cursors.IsValid && cursors.Key.StartsWith(prefix); cursors.Next())
                core.Batch.Delete(cursors.Key);

            // Without its header, what a full stream has staged is removed in the background.
            KeySpaces.Prefix(prefix, KeySpaces.Staging, state.Id);
            for (cursors.Seek(prefix); cursors.IsValid && cursors.Key.StartsWith(prefix) && KeySpaces.IsStreamKey(cursors.Key, out _); cursors.Next())
                core.Batch.Delete(cursors.Key);
        }

        cursors.ThrowIfFailed();
        core.WriteBatch(sync: false);
    }

    /// <summary>The scalar of a replica's last index entry in a namespace; 0 when it has none.</summary>
    public static ulong LastIndexed(IStorageEngine engine, ushort ns, ReplicaId replica, EngineSnapshot? snapshot = null)
    {
        Span<byte> key = stackalloc byte[KeySpaces.IndexKeyBytes];
        using var index = engine.CreateIterator(snapshot, verify: true);
        index.SeekBefore(KeySpaces.IndexKey(key, ns, replica, ulong.MaxValue));
        index.ThrowIfFailed();
        return index.IsValid && KeySpaces.TryReadIndexKey(index.Key, ns, out var last) && last.Replica == replica ? last.Scalar : 0;
    }

    private static void WriteOpeningRecords(StoreCore core, bool isNew, bool identityChanged, bool lostPower)
    {
        Span<byte> format = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(format, core.Options.Formats.Current);
        if (isNew)
            MetaRecords.Put(core.Batch, MetaRecords.Key(MetaRecords.Format), format);
        if (identityChanged)
        {
            MetaRecords.Put(core.Batch, MetaRecords.Key(MetaRecords.Identity), core.Identity.Encode());

            // The closed epoch's marks go into the vectors now: nobody will find them by the index under the new name.
            foreach (var state in core.Namespaces.All)
                core.StageVector(state);
        }

        // What was found after a power loss was read from the disk, so it is durable: a second power loss must not take the marks again.
        if (lostPower)
        {
            foreach (var state in core.Namespaces.All)
                core.StageVector(state, state.Vector, KeySpaces.Barrier);
        }

        core.Replicas.Set(core.Identity.Replica, new ReplicaDescription(core.Options.Region, core.Options.Owner, core.Identity.StoreId), core.Batch);
        RunRecord.Write(core.Batch, core.Options.Environment.BootId, isClean: false);
        core.WriteBatch(sync: true);
    }

    // Namespaces without a retention of their own follow the option, which may have changed since the last open.
    private static void TakeOverRetention(StoreCore core)
    {
        foreach (var state in core.Namespaces.All)
        {
            var isKnown = state.Retention != NamespaceRetention.Lost;
            if (isKnown && (state.Retention.IsOwn || state.Retention.Retention == core.Options.Retention))
                continue;
            state.Retention = new NamespaceRetention(core.Options.Retention, IsOwn: false, core.Clock.Last, IsSettled: false);
            state.Retention.Stage(core.Batch, state.Id);
        }
    }

    private static Guid NewGuid(StoreEnvironment environment)
    {
        Span<byte> bytes = stackalloc byte[16];
        environment.Random(bytes);
        return new Guid(bytes);
    }

    private static uint RandomPid(StoreEnvironment environment)
    {
        Span<byte> bytes = stackalloc byte[4];
        uint pid;
        do
        {
            environment.Random(bytes);
            pid = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        }
        while (pid == 0);
        return pid;
    }
}

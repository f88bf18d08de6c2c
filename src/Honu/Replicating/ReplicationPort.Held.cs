using Honu.Writing;

namespace Honu;

public sealed partial class ReplicationPort
{
    /// <summary>Drawn at each opening of the store: tells this process from one that has a copy of the directory open.</summary>
    public Guid RunId => _core.Held.RunId;

    /// <summary>Raised when a version turns out to stand for two contents, on the thread that found it, while nothing is locked. Also counted as <see cref="UpdateKind.Equivocation"/>.</summary>
    public event EventHandler<EquivocationEventArgs> EquivocationFound
    {
        add => _core.Held.EquivocationFound += value;
        remove => _core.Held.EquivocationFound -= value;
    }

    /// <summary>Applies the deferred records that are due by now, and joins the targets that have waited for them (R9). The background does the same each <see cref="HonuStoreOptions.MaintenanceInterval"/>.</summary>
    /// <returns>How long until there is more to do; <see langword="null"/> when nothing waits.</returns>
    public TimeSpan? ApplyDeferred()
    {
        StoreOpener.ThrowIfReadOnly(_core);
        _core.ThrowIfDisposed();
        return _core.Held.Work.Run();
    }

    /// <summary>Takes a new epoch and writes the current records of the present one again, as new versions that follow on the old ones (R12).</summary>
    /// <remarks>
    /// To be called when another process writes under the same replica: its versions and ours may be the same ones with other contents. What
    /// both have made of an object becomes a conflict. A kill in between is gone on from at the next opening. The cost is that of writing everything of the epoch anew.
    /// </remarks>
    /// <returns>How many records were written again.</returns>
    public long ReissueEpoch()
    {
        StoreOpener.ThrowIfReadOnly(_core);
        return _core.Held.Reissuer.Run();
    }

    /// <summary>Whether a peer that says that it writes under this store's name may be believed now: that costs an epoch, and everything of it written anew.</summary>
    internal bool TryBelieveTwin() => _core.Exclusively(_core, static core => core.Held.Claims.TryBelieve());

    /// <summary>Whether a write of this store went with a power loss (R17): it was made under an epoch that one has ended, and nothing covers it. No peer has it, so waiting for it would not end.</summary>
    /// <param name="version">The version that the write was told.</param>
    /// <param name="ns">Its namespace; <see langword="null"/> when it is not known, which may miss a loss where another namespace was written later and synced.</param>
    public bool IsLost(VersionId version, string? ns = null) => _core.Exclusively((_core, version, ns), static args => args._core.Held.IsLost(args.version, args.ns));

    /// <summary>The records of a namespace that peers have sent, that pass their checksums and that this store cannot hold as objects. Reads them all.</summary>
    /// <exception cref="ArgumentException">The name has not 1 to 255 bytes of UTF-8.</exception>
    public IReadOnlyList<QuarantinedObject> Quarantined(string ns)
    {
        StoreLimits.CheckNamespace(ns);
        _core.ThrowIfDisposed();
        return _core.Namespaces.Find(ns) is { } state ? _core.Held.Quarantine.List(state) : [];
    }

    /// <summary>Makes objects of those quarantined records that the store can hold by now, for instance after <see cref="HonuStoreOptions.MaxValueBytes"/> was raised. To be called after such a change.</summary>
    /// <returns>How many left the quarantine.</returns>
    public int RetryQuarantined(string ns)
    {
        StoreLimits.CheckNamespace(ns);
        StoreOpener.ThrowIfReadOnly(_core);
        var (taken, conflicted) = _core.Exclusively((_core, ns), static args =>
        {
            args._core.ThrowIfUnusable();
            return args._core.Namespaces.Find(args.ns) is { } state ? (args._core.Held.Quarantine.StageRetry(state), args._core.Conflicts.TakeTouched()) : (0, []);
        });
        _core.Settler.Settle(ns, conflicted);
        return taken;
    }

    /// <summary>Gives a quarantined record up. Local: nobody is told, and where no vector covers it yet, a peer may send it again. If no other replica has it, it is gone.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The object's key.</param>
    /// <param name="version">The version, as <see cref="Quarantined"/> names it.</param>
    /// <returns>Whether it was there.</returns>
    public bool DiscardQuarantined(string ns, ReadOnlySpan<byte> key, VersionId version)
    {
        StoreLimits.CheckNamespace(ns);
        StoreLimits.CheckKey(key);
        StoreOpener.ThrowIfReadOnly(_core);
        return _core.Exclusively((_core, ns, key: key.ToArray(), version), static args =>
        {
            var core = args._core;
            core.ThrowIfUnusable();
            if (core.Namespaces.Find(args.ns) is not { } state || Deferring.QuarantineStore.Find(core.Engine, state.Id, args.key) is not { } held || Format.RecordReader.ReadVersion(held) != args.version)
                return false;
            core.Held.Quarantine.StageRemoval(state, args.key, held, keepsIndex: false);
            core.Commit(sync: false);
            return true;
        });
    }
}

using System.Collections.Immutable;
using Honu.Format;
using Honu.Writing;

namespace Honu.Watching;

/// <summary>Hands committed changes to the watchers of a store. While there are none, a write pays for looking whether there are.</summary>
/// <remarks>
/// Whoever puts a current record into the batch calls <see cref="Stage"/>, whoever joins a vector <see cref="StageVector"/>; <see cref="Publish"/>
/// follows when the batch is written, <see cref="Discard"/> when it was given up. All of that happens in the committing thread.
/// </remarks>
internal sealed class ChangeFeed(StoreCore core)
{
    private readonly Lock _gate = new();
    private readonly List<PublishedChange> _staged = [];
    private readonly List<KeyValuePair<string, VersionVector>> _vectors = [];
    private ulong _ownScalar;
    private volatile Watcher[] _watchers = [];
    private bool _isClosed;

    // Kept up to date while somebody watches; made anew for the first watcher.
    private WatchPosition? _position;

    /// <summary>Whether anybody watches. If not, nothing needs to be staged.</summary>
    public bool IsWatched => _watchers.Length > 0;

    /// <summary>Notes the record that becomes current with the present batch.</summary>
    /// <param name="state">Its namespace.</param>
    /// <param name="key">Its key; copied.</param>
    /// <param name="record">Its bytes; copied as far as a watcher wants them.</param>
    /// <param name="isLocal">Whether it is a write of this process, made with a scalar above all before it.</param>
    public void Stage(NamespaceState state, ReadOnlySpan<byte> key, ReadOnlySpan<byte> record, bool isLocal)
    {
        if (isLocal)
            _ownScalar = RecordReader.ReadVersion(record).Scalar;
        if (!IsWanted(state, key, out var wantsValue))
            return;
        var parsed = StoreCore.Parse(record, key);
        _staged.Add(new PublishedChange(state.Name, key.ToArray(), wantsValue ? parsed.Value.ToArray() : [], parsed.ToObjectVersion(core.Clock), isLocal, _position!));
    }

    /// <summary>Notes that an object goes for good with the present batch, because a peer knows that it was deleted.</summary>
    /// <param name="state">Its namespace.</param>
    /// <param name="key">Its key; copied.</param>
    /// <param name="version">What is told of it: the version that was current, as deleted. That of the deletion is known to nobody any more.</param>
    public void StageRemoval(NamespaceState state, ReadOnlySpan<byte> key, ObjectVersion version)
    {
        if (IsWanted(state, key, out _))
            _staged.Add(new PublishedChange(state.Name, key.ToArray(), [], version, isLocal: false, _position!));
    }

    private bool IsWanted(NamespaceState state, ReadOnlySpan<byte> key, out bool wantsValue)
    {
        var matches = false;
        wantsValue = false;
        foreach (var watcher in _watchers)
        {
            if (!watcher.Filter.Matches(state.Name) || !watcher.Filter.Matches(key))
                continue;
            matches = true;
            wantsValue |= watcher.WantsValues;
        }

        return matches;
    }

    /// <summary>Notes that a namespace's vector has grown, or forgotten an epoch, with the present batch.</summary>
    public void StageVector(NamespaceState state) => _vectors.Add(new(state.Name, state.Vector.Clone()));

    /// <summary>The batch was written.</summary>
    public void Publish()
    {
        var watchers = _watchers;
        if (watchers.Length > 0 && (_staged.Count > 0 || _vectors.Count > 0 || _ownScalar > 0))
        {
            var position = _position!;
            if (position.Incarnation != core.Identity.Incarnation)
                position = position with { Incarnation = core.Identity.Incarnation, Own = core.Identity.Replica, OwnScalar = 0 };
            foreach (var change in _staged)
            {
                if (change.IsLocal)
                    position = position with { OwnScalar = change.Version.Id.Scalar };
                change.Position = position;
            }

            // Own writes that nobody watches count as well, so that a token does not stay behind; and the vectors count only behind all changes.
            if (_ownScalar > position.OwnScalar)
                position = position with { OwnScalar = _ownScalar };
            if (_vectors.Count > 0)
                position = position with { Vectors = position.Vectors.SetItems(_vectors) };
            _position = position;
            foreach (var watcher in watchers)
                watcher.Offer(_staged, position);
        }

        Discard();
    }

    /// <summary>The batch was given up, or has been published.</summary>
    public void Discard()
    {
        _staged.Clear();
        _vectors.Clear();
        _ownScalar = 0;
    }

    /// <summary>Where the store stands. Called while nobody commits.</summary>
    public WatchPosition Now()
    {
        if (IsWatched)
            return _position!;
        return Fresh();
    }

    private WatchPosition Fresh()
    {
        var own = core.Identity.Replica;
        var vectors = core.Namespaces.All.ToImmutableDictionary(static state => state.Name, static state => state.Vector.Clone(), StringComparer.Ordinal);
        var last = vectors.Values.Select(vector => vector.HighMark(own)).DefaultIfEmpty().Max();
        return new WatchPosition(core.Identity.Incarnation, own, last, vectors);
    }

    /// <summary>Begins to buffer for a watcher, or begins anew. Called while nobody commits.</summary>
    /// <returns>The position at this moment: all later changes go through the buffer.</returns>
    public WatchPosition Attach(Watcher watcher)
    {
        core.ThrowIfDisposed();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(HonuStore));
            _position = Now();
            if (Array.IndexOf(_watchers, watcher) < 0)
                _watchers = [.. _watchers, watcher];
            watcher.GoLive(_position);
            return _position;
        }
    }

    /// <summary>Forgets a watcher. Called from any thread, also after <see cref="Close"/>.</summary>
    public void Detach(Watcher watcher)
    {
        lock (_gate)
            _watchers = [.. _watchers.Where(other => other != watcher)];
    }

    /// <summary>Sends all readers to the store: after the engine was opened again, because a batch that failed may be on disk all the same, and after a drop, because what vectors said of the namespace counts no more.</summary>
    public void Interrupt()
    {
        if (_watchers.Length > 0)
            _position = Fresh();
        foreach (var watcher in _watchers)
            watcher.Interrupt();
    }

    /// <summary>Ends all watches. Called while nobody commits.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            foreach (var watcher in _watchers)
                watcher.Close();
            _watchers = [];
        }
    }
}

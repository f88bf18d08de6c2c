using Honu.Format;
using Honu.Replicating;

namespace Honu;

/// <content>What rumors ask of the store.</content>
public sealed partial class ReplicationPort
{
    /// <summary>From now on the store remembers which own writes others have replaced, so that <see cref="ReadOwnWrites"/> can tell what took their place.</summary>
    internal void KeepReplacedWrites() => _core.Exclusively(_core, static core => core.KeepsReplacedWrites = true);

    /// <summary>Up to which scalar this store has written in each namespace under its present name. Its cost is that of the number of namespaces.</summary>
    /// <param name="marks">Receives the marks, in place of what it held.</param>
    /// <returns>That name.</returns>
    internal ReplicaId ReadOwnMarks(Dictionary<string, ulong> marks) => _core.Exclusively((_core, marks), static args =>
    {
        args.marks.Clear();
        var own = args._core.Identity.Replica;
        foreach (var state in args._core.Namespaces.All)
        {
            if (state.Vector.HighMark(own) is > 0 and var mark)
                args.marks[state.Name] = mark;
        }

        return own;
    });

    /// <summary>Adds to <paramref name="block"/> what a rumor of own writes must carry (R3): the current record of every key that was written, whoever wrote that record.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="own">The name of this store that the scalars belong to. Under another one by now, there is nothing to tell.</param>
    /// <param name="forget">Own writes up to this scalar are never asked for again.</param>
    /// <param name="from">Own writes after this scalar.</param>
    /// <param name="block">Receives the records.</param>
    /// <param name="maxRecords">More records than these are too much.</param>
    /// <param name="maxBytes">More bytes than these are too much.</param>
    /// <returns>What the rumor covers: it begins later than asked for where a record is gone, or where it is not known which key was written.</returns>
    internal OwnWrites ReadOwnWrites(string ns, ReplicaId own, ulong forget, ulong from, RecordBlockWriter block, int maxRecords, int maxBytes)
    {
        if (_core.Namespaces.Find(ns) is not { } state)
            return new OwnWrites(from, from, IsTooMuch: false);
        var (snapshot, to, floor, replaced) = _core.Exclusively((_core, state, own, forget, from), static args =>
        {
            // A namespace may have been dropped meanwhile, or the engine is opened again by this very call: both may begin a new epoch.
            args._core.ThrowIfUnusable();
            if (args._core.Identity.Replica != args.own)
                return default;
            args.state.Replaced.Forget(args.forget);
            return (new ReplicationSnapshot(args._core, args.state), args.state.Vector.HighMark(args.own), args.state.Replaced.Floor, args.state.Replaced.After(args.from).ToArray());
        });
        if (snapshot is null)
            return new OwnWrites(from, from, IsTooMuch: false);
        using (snapshot)
        {
            from = Math.Max(from, floor);
            var written = replaced.Where(known => known.Key > from).Select(static known => (known.Key, (ReadOnlyMemory<byte>)known.Value)).ToList();
            if (!snapshot.TryAddWritten(state.Id, own, from, to, written, maxRecords))
                return new OwnWrites(to, to, IsTooMuch: true);
            written.Sort(static (a, b) => a.Key.CompareTo(b.Key));
            from = snapshot.ReadWritten(ns, from, written, block, maxBytes);
            return block.Length > maxBytes ? new OwnWrites(to, to, IsTooMuch: true) : new OwnWrites(from, to, IsTooMuch: false);
        }
    }

    /// <summary>Whether all of a replica's writes in <c>(from, to]</c> are covered.</summary>
    internal bool Covers(string ns, ReplicaId origin, ulong from, ulong to) => _core.Exclusively((_core, ns, origin, from, to), static args =>
        args.to <= args.from || (args._core.Namespaces.Find(args.ns) is { } state && state.Vector.NextUncovered(args.origin, args.from + 1) > args.to));
}

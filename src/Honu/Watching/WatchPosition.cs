using System.Collections.Immutable;

namespace Honu.Watching;

/// <summary>Where a watch stands: which versions need not be delivered any more. Never changed, so that changes and tokens share it.</summary>
/// <remarks>
/// What makes it safe to resume from a position P: a version that P covers, and that is or ever becomes current, was delivered before P (or
/// was there before the watch began). It holds because
/// 1. P never covers more than the store's vectors at the moment that it stands for, and what a vector covers never becomes current later (R1):
///    it is current then, or superseded by something that is, or by something that has been delivered since;
/// 2. a position stands for a moment of the commit queue, and is handed out only with the last change up to that moment: everything that
///    became current before went through the buffer first, or was found by the walk over the index of that moment;
/// 3. replicated records are loose at first: no position covers them until a join of the vectors has passed, after their delivery. A resumed
///    watch may therefore deliver them again, never leave them out;
/// 4. own writes have ascending scalars in all namespaces together, in the order of the queue, so one scalar covers those up to a change. It
///    is taken from versions that exist, not from the clock, which may run ahead of what a restart remembers;
/// 5. a new epoch makes vectors forget what they covered, and the store may have lost writes: a position of another incarnation covers nothing;
/// 6. a purged deletion leaves no record that could be found, so a position that does not dominate the frontier begins anew.
/// </remarks>
/// <param name="Incarnation">The store's incarnation at that moment.</param>
/// <param name="Own">The name under which the store wrote then.</param>
/// <param name="OwnScalar">The last own write, whatever its namespace.</param>
/// <param name="Vectors">Per namespace what else is covered. The vectors are never changed.</param>
internal sealed record WatchPosition(Guid Incarnation, ReplicaId Own, ulong OwnScalar, ImmutableDictionary<string, VersionVector> Vectors)
{
    public static ImmutableDictionary<string, VersionVector> NoVectors { get; } = ImmutableDictionary.Create<string, VersionVector>(StringComparer.Ordinal);

    /// <summary>What is covered in a namespace, as a copy.</summary>
    public VersionVector VectorOf(string ns)
    {
        var vector = Vectors.TryGetValue(ns, out var found) ? found.Clone() : new VersionVector();
        vector.Advance(Own, OwnScalar);
        return vector;
    }

    /// <summary>The same with one namespace covered up to <paramref name="reached"/>, where a walk by replica and scalar that ends in <paramref name="target"/> has come to.</summary>
    public WatchPosition WithWalk(string ns, VersionVector target, VersionId reached)
    {
        var vector = VectorOf(ns);
        foreach (var replica in target.Origins)
        {
            var order = replica.CompareTo(reached.Replica);
            if (order > 0)
                break;
            var last = order < 0 ? ulong.MaxValue : reached.Scalar;
            var covered = target.IntervalsOf(replica);
            vector.TryCover(replica, 0, Math.Min(covered.High, last));
            foreach (var (from, to) in covered.Later)
                vector.TryCover(replica, from, Math.Min(to, last));
        }

        return this with { Vectors = Vectors.SetItem(ns, vector) };
    }
}

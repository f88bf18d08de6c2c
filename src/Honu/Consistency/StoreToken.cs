using Honu.Engines;
using Honu.Replicating;
using Honu.Writing;

namespace Honu.Consistency;

/// <summary>Tokens for all that namespaces hold at a moment.</summary>
internal static class StoreToken
{
    /// <summary>A token for everything that a read of the namespaces could have seen up to now.</summary>
    /// <param name="core">The store.</param>
    /// <param name="names">Which namespaces; <see langword="null"/> for all.</param>
    public static CausalToken Take(StoreCore core, IReadOnlyCollection<string>? names)
    {
        var (moments, view) = core.Exclusively((core, names), static args =>
        {
            args.core.ThrowIfDisposed();
            var states = args.names is null ? args.core.Namespaces.All : args.names.Select(args.core.Namespaces.Find).OfType<NamespaceState>();
            var moments = states.Select(static state => new Moment(state.Id, state.Name, state.Vector.Clone(), state.Loose.Count > 0)).ToList();
            return (moments, moments.Exists(static moment => moment.HasLoose) ? args.core.Engine.CreateSnapshot() : null);
        });
        using (view)
        {
            var needs = CausalToken.NewNeeds();
            foreach (var moment in moments)
            {
                var marks = Marks(core, moment, view);
                if (marks.Count > 0)
                    needs.Add(moment.Name, marks);
            }

            return needs.Count == 0 ? CausalToken.Empty : new CausalToken(core.Identity.Cluster, needs);
        }
    }

    // Intervals become marks, which ask for more than was seen but never for less; and what is loose may have been read as well (R17).
    private static VersionVector Marks(StoreCore core, Moment moment, EngineSnapshot? view)
    {
        var marks = new VersionVector();
        foreach (var replica in moment.Vector.Origins)
            marks.Advance(replica, moment.Vector.GreatestScalar(replica));
        if (!moment.HasLoose)
            return marks;
        using var loose = new UncoveredEntries(core.Engine, view, moment.Id, moment.Vector, core.Faults);
        while (loose.MoveNext())
            marks.Advance(loose.Version.Replica, loose.Version.Scalar);
        return marks;
    }

    private readonly record struct Moment(ushort Id, string Name, VersionVector Vector, bool HasLoose);
}

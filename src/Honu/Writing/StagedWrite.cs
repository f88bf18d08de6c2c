using Honu.Digests;

namespace Honu.Writing;

/// <summary>A current record that came or went in a batch: what the books of its namespace learn when the batch is written, and not before.</summary>
/// <param name="State">The namespace.</param>
/// <param name="Now">What is current now, or none.</param>
/// <param name="Before">What was, or none.</param>
/// <param name="IsLocal">Whether it is a write of this process.</param>
internal readonly record struct StagedWrite(NamespaceState State, CurrentRecord Now, CurrentRecord Before, bool IsLocal)
{
    /// <summary>Tells the namespace.</summary>
    public void Publish(IndexTrimmer trimmer)
    {
        State.Digest.Replace(Before, Now);
        if (Now.IsTombstone || Before.IsTombstone)
            State.Deletions.Replaced(Now.Version, Before.IsTombstone, Now.IsTombstone);

        // Other bytes under the same version: index and vector know versions only.
        if (Now.Version == Before.Version)
            return;
        State.WasReplaced(Before.Version);
        if (Now.Version.IsNone)
            State.Removals++;
        else if (IsLocal)
            State.AdvanceOwn(Now.Version);
        else
            State.BecameCurrent(Now.Version);
        if (!Before.Version.IsNone)
            trimmer.Add(State, Before.Version);
    }
}

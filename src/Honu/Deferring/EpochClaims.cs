using Honu.Writing;

namespace Honu.Deferring;

/// <summary>How often what a peer says may make this store take a new epoch (R11, R12). For whoever holds the queue.</summary>
/// <remarks>
/// A peer that names writes of ours which we do not know may be right: this store was set back, or has a twin. The first such claim after an
/// opening is believed, and the new epoch heals either. What is claimed of an epoch that began in this very process is hardly ever true, and
/// costs much: each epoch stays in the vectors for good, and a twin has every object written again. So a liar gets one in an hour.
/// </remarks>
internal sealed class EpochClaims(StoreCore core)
{
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    private DateTimeOffset? _believed;

    /// <summary>Whether a claim may be believed now; if so, the next one must wait.</summary>
    public bool TryBelieve()
    {
        var now = core.Options.Environment.Time.GetUtcNow();

        // The time of day may have been set back: that must not refuse everything until it is reached again.
        if (_believed is { } last && (now - last).Duration() < Pause)
            return false;
        _believed = now;
        return true;
    }

    /// <summary>Takes a new epoch because a peer names writes of this store that it does not know.</summary>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.MalformedRecord"/>: the last one was taken for such a claim, and not long ago.</exception>
    public void BeginNewEpoch()
    {
        if (!TryBelieve())
            throw core.Applier.Malformed($"it names writes of {core.Identity.Replica} that were never made; this epoch began less than {Pause.TotalHours:F0} h ago, for another such claim. Find out who writes under the name of this replica");
        core.BeginNewEpoch();
    }
}

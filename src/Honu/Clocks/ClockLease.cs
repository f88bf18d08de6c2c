using Honu.Engines;
using Honu.Format;

namespace Honu;

/// <summary>Keeps the clock from going back over a restart: its high mark is on disk before it is used.</summary>
/// <remarks>
/// The batch of the commit that passes the lease carries the next one, so the two cannot be torn apart. After a restart the clock
/// starts at the lease. What a power loss takes with the lease does no harm: the store then writes under a new epoch.
/// </remarks>
internal sealed class ClockLease(IVersionClock clock, ulong leased)
{
    private ulong _leased = leased;

    /// <summary>Adds the next lease to <paramref name="batch"/> when the clock has passed the present one.</summary>
    public void Extend(EngineBatch batch)
    {
        if (clock.Last <= _leased)
            return;
        _leased = Math.Min(clock.Last + clock.LeaseAhead, StoreLimits.MaxScalar);
        MetaRecords.PutScalar(batch, MetaRecords.Clock, _leased);
    }

    /// <summary>What is leased on disk, found out again after a failed write.</summary>
    public void Reset(ulong leased) => _leased = leased;

    /// <summary>At a clean close the exact value suffices, so that nothing is skipped.</summary>
    public void Settle(EngineBatch batch) => MetaRecords.PutScalar(batch, MetaRecords.Clock, clock.Last);
}

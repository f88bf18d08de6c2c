using Honu.Hosting.Protocol.Admin;
using Honu.Replication;

namespace Honu.Hosting.Services;

/// <summary>How rumors travel, on the wire of the admin service.</summary>
internal static class RumorMapping
{
    private const double LongestRoundTripMillis = 86_400_000;

    public static Rumors ToWire(RumorsStatus status)
    {
        var rumors = new Rumors
        {
            Region = status.State.Region,
            Gathered = status.State.IsGathered,
            Sent = (ulong)status.Sent,
            Received = (ulong)status.Received,
            Retries = (ulong)status.Retries,
        };
        foreach (var region in status.State.Regions)
        {
            var described = new RumorRegion { Name = region.Name, TimeOuts = region.TimeOuts, Unacknowledged = (ulong)region.Unacknowledged, Detour = region.Detour ?? "" };
            if (region.RoundTrip is { } time)
                described.RoundTripMillis = time.TotalMilliseconds;
            described.Relays.Add(region.Relays.Select(static relay => new Relay
            {
                Address = relay.Address.ToString(),
                Reward = relay.Reward,
                Share = relay.Share,
                Choices = (ulong)relay.Choices,
                TakesRumors = relay.TakesRumors,
            }));
            rumors.Regions.Add(described);
        }

        return rumors;
    }

    public static RumorsStatus FromWire(Rumors rumors) => new(
        new RumorStatus(rumors.Region, rumors.Gathered, [.. rumors.Regions.Select(static region => new RegionStatus(
            region.Name,
            // What a server says need not be a time.
            region.HasRoundTripMillis && region.RoundTripMillis is >= 0 and <= LongestRoundTripMillis ? TimeSpan.FromMilliseconds(region.RoundTripMillis) : null,
            region.TimeOuts,
            (int)Math.Min(int.MaxValue, region.Unacknowledged),
            region.Detour.Length > 0 ? region.Detour : null,
            [.. region.Relays.Where(static relay => PeerAddress.TryParse(relay.Address, out _)).Select(static relay => new RelayStatus(PeerAddress.Parse(relay.Address), relay.Reward, relay.Share, (long)relay.Choices, relay.TakesRumors))]))]),
        (long)rumors.Sent,
        (long)rumors.Received,
        (long)rumors.Retries);
}

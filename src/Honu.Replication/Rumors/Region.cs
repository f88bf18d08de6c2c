namespace Honu.Replication;

/// <summary>Another region: its replicas, and what is learned of them as relays.</summary>
internal sealed class Region(string name)
{
    public string Name { get; } = name;

    /// <summary>Its replicas, by ascending pid.</summary>
    public List<RumorPeer> Peers { get; } = [];

    public RelayChooser Chooser { get; } = new();

    /// <summary>How far its relays say that other regions are from it.</summary>
    public Dictionary<string, TimeSpan> Distances { get; } = new(StringComparer.Ordinal);

    /// <summary>When its distances were asked for last.</summary>
    public TimeSpan DistancesAsked { get; set; } = TimeSpan.MinValue;

    /// <summary>The round trip to its nearest replica; <see langword="null"/> before any was measured. A slow relay does not make its region far.</summary>
    public TimeSpan? RoundTrip
    {
        get
        {
            TimeSpan? least = null;
            foreach (var peer in Peers)
            {
                if (peer.RoundTrip.Smoothed is { } time && (least is null || time < least))
                    least = time;
            }

            return least;
        }
    }
}

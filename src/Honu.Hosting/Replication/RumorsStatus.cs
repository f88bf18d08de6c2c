using Honu.Replication;

namespace Honu.Hosting;

/// <summary>How a replica pushes fresh writes, and what it has pushed since its start.</summary>
/// <param name="State">Regions and relays as they are now.</param>
/// <param name="Sent">Rumors sent, each as often as it was pushed.</param>
/// <param name="Received">Rumors received.</param>
/// <param name="Retries">Pushes that were made because another one was not answered in time.</param>
public sealed record RumorsStatus(RumorStatus State, long Sent, long Received, long Retries);

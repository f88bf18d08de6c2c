namespace Honu.Replication;

/// <summary>The values of <see cref="Dissemination"/> as the command line, metrics and simulations call them.</summary>
public static class DisseminationNames
{
    /// <summary>The name of <see cref="Dissemination.Sessions"/>.</summary>
    public const string Sessions = "sessions";

    /// <summary>The name of <see cref="Dissemination.RegionRelay"/>.</summary>
    public const string RegionRelay = "region-relay";
}

namespace Honu.Replication;

/// <summary>Checks <see cref="ReplicaOptions"/>: used by <see cref="Replica"/> and by the host at its start.</summary>
public static class ReplicaOptionsValidator
{
    /// <summary>Every fault, each a sentence that names the value found and what is allowed; empty when there is none.</summary>
    public static IReadOnlyList<string> Validate(ReplicaOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var failures = new List<string>();
        Positive(nameof(options.BaseInterval), options.BaseInterval, failures);
        Positive(nameof(options.ProgressTimeout), options.ProgressTimeout, failures);
        Positive(nameof(options.HelloTimeout), options.HelloTimeout, failures);
        Positive(nameof(options.PurgeInterval), options.PurgeInterval, failures);
        Positive(nameof(options.InitialBackoff), options.InitialBackoff, failures);
        if (options.MaxInterval > TimeSpan.FromDays(1))
            failures.Add($"MaxInterval ({options.MaxInterval}) must be at most a day.");
        if (options.MaxInterval < options.BaseInterval)
            failures.Add($"MaxInterval ({options.MaxInterval}) must not be shorter than BaseInterval ({options.BaseInterval}).");
        if (options.PauseAfterSession is { } pause && (pause <= TimeSpan.Zero || pause > TimeSpan.FromDays(1)))
            failures.Add($"PauseAfterSession ({pause}) must be above zero and at most a day.");
        if (options.MaxBackoff < options.InitialBackoff)
            failures.Add($"MaxBackoff ({options.MaxBackoff}) must not be shorter than InitialBackoff ({options.InitialBackoff}).");
        if (options.ChunkRecords is < 1 or > 65536)
            failures.Add($"ChunkRecords ({options.ChunkRecords}) must be between 1 and 65,536.");
        if (options.ChunkBytes is < 1 or > 4 * 1024 * 1024)
            failures.Add($"ChunkBytes ({options.ChunkBytes}) must be between 1 B and 4 MiB.");
        if (options.MaxIncomingSessions < 1)
            failures.Add($"MaxIncomingSessions ({options.MaxIncomingSessions}) must be at least 1.");
        if (options.RetireAfter < TimeSpan.FromDays(1) || options.RetireAfter > TimeSpan.FromDays(3650))
            failures.Add($"RetireAfter ({options.RetireAfter}) must be between 1 and 3,650 days.");
        failures.AddRange(options.Rumors.Validate());
        try
        {
            SubscriptionList.Create(options.Subscriptions);
        }
        catch (ArgumentException e)
        {
            // One place decides what a list of subscriptions may be.
            failures.Add(e.Message);
        }

        if (PeerSelectors.FindFault(options.Selector) is { } fault)
            failures.Add(fault);
        return failures;
    }

    private static void Positive(string name, TimeSpan value, List<string> failures)
    {
        if (value <= TimeSpan.Zero)
            failures.Add($"{name} ({value}) must be above zero.");
    }
}

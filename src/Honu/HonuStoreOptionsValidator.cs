namespace Honu;

/// <summary>Checks <see cref="HonuStoreOptions"/>: used by <see cref="HonuStore.Open"/> and by the host at its start.</summary>
public static class HonuStoreOptionsValidator
{
    private const int MaxNameBytes = 255;

    /// <summary>Every fault, each a sentence that names the value found and what is allowed; empty when there is none.</summary>
    public static IReadOnlyList<string> Validate(HonuStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var failures = new List<string>();
        CheckName(nameof(options.Cluster), options.Cluster, failures);
        CheckName(nameof(options.Region), options.Region, failures);
        CheckName(nameof(options.Owner), options.Owner, failures);
        if (options.MaxValueBytes is < 1 or > 1 << 30)
            failures.Add($"MaxValueBytes ({options.MaxValueBytes}) must be between 1 B and 1 GiB.");
        if (options.MaxClockDrift <= TimeSpan.Zero || options.MaxClockDrift > TimeSpan.FromHours(12))
            failures.Add($"MaxClockDrift ({options.MaxClockDrift}) must be above zero and at most 12 hours.");
        if (options.MaintenanceInterval != Timeout.InfiniteTimeSpan && (options.MaintenanceInterval < TimeSpan.FromMilliseconds(10) || options.MaintenanceInterval > TimeSpan.FromDays(1)))
            failures.Add($"MaintenanceInterval ({options.MaintenanceInterval}) must be between 10 ms and a day, or infinite.");
        if (options.ScrubInterval != Timeout.InfiniteTimeSpan && (options.ScrubInterval < TimeSpan.FromMinutes(1) || options.ScrubInterval > TimeSpan.FromDays(365)))
            failures.Add($"ScrubInterval ({options.ScrubInterval}) must be between a minute and 365 days, or infinite.");
        if (options.Pid == 0)
            failures.Add("Pid (0) must be at least 1: 0 stands for no replica.");
        if (!(options.ReconcileLimitFraction is >= 0 and <= 1))
            failures.Add($"ReconcileLimitFraction ({options.ReconcileLimitFraction}) must be between 0 and 1.");
        if (options.ReconcileLimitObjects < 0)
            failures.Add($"ReconcileLimitObjects ({options.ReconcileLimitObjects}) must not be negative.");
        if (options.BlockCacheBytes is < 0 or > 1L << 40)
            failures.Add($"BlockCacheBytes ({options.BlockCacheBytes}) must be between 0 and 1 TiB.");
        if (options.WriteBufferBytes is < 64 << 10 or > 1L << 30)
            failures.Add($"WriteBufferBytes ({options.WriteBufferBytes}) must be between 64 KiB and 1 GiB.");
        if (options.HeadCacheEntries is < 0 or > 16 << 20)
            failures.Add($"HeadCacheEntries ({options.HeadCacheEntries}) must be between 0 and 16,777,216.");
        if (options.PresenceFilterBitsPerKey is < 0 or > 64)
            failures.Add($"PresenceFilterBitsPerKey ({options.PresenceFilterBitsPerKey}) must be between 0 and 64.");
        if (!Enum.IsDefined(options.Compression))
            failures.Add($"Compression ({options.Compression}) must be Snappy or None.");
        if (options.BloomBitsPerKey is < 0 or > 64)
            failures.Add($"BloomBitsPerKey ({options.BloomBitsPerKey}) must be between 0 and 64.");
        if (!Enum.IsDefined(options.Durability))
            failures.Add($"Durability ({options.Durability}) is not a known value.");
        if (!Enum.IsDefined(options.Integrity))
            failures.Add($"Integrity ({options.Integrity}) is not a known value.");
        if (options.Clock is { } clock && !Enum.IsDefined(clock))
            failures.Add($"Clock ({clock}) is not a known value.");
        if (options.Resolvers is null)
            failures.Add("Resolvers must not be null; leave it unset for none.");
        else
            failures.AddRange(options.Resolvers.Where(static pair => pair.Value is null).Select(static pair => $"Resolvers has null for namespace \"{pair.Key}\"; leave it out."));
        return failures;
    }

    internal static void ThrowIfInvalid(HonuStoreOptions options)
    {
        var failures = Validate(options);
        if (failures.Count > 0)
            throw new ArgumentException(string.Join(" ", failures), nameof(options));
    }

    internal static void ThrowIfUnusable(Retention retention, VersionClock clock)
    {
        if (retention.Kind == RetentionKind.Time && clock != VersionClock.Hybrid)
            throw new ArgumentException($"Retention.For needs the clock {VersionClock.Hybrid}: the versions of a store with the clock {clock} do not tell their time.", nameof(retention));
    }

    private static void CheckName(string property, string? name, List<string> failures)
    {
        if (name is null)
            return;
        if (name.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(name) > MaxNameBytes)
            failures.Add($"{property} must have 1 to {MaxNameBytes} bytes of UTF-8 when it is given.");
    }
}

using System.Security.Cryptography;

namespace Honu;

/// <summary>Fills <paramref name="destination"/> with random bytes.</summary>
public delegate void RandomFill(Span<byte> destination);

/// <summary>What a store takes from outside: time, randomness and which boot of the machine it runs in. Replaced by tests and by the simulator.</summary>
public sealed record StoreEnvironment
{
    /// <summary>The machine as it is.</summary>
    public static StoreEnvironment Machine { get; } = new();

    /// <summary>Source of the time of day for the version clock.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>.</value>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Source of store ids, pids and epochs.</summary>
    /// <value>Default the operating system's random numbers.</value>
    public RandomFill Random { get; init; } = RandomNumberGenerator.Fill;

    /// <summary>Names the present boot of the machine: an unclean stop followed by another boot may have lost writes that were flushed but not synced.</summary>
    /// <value>Default what the operating system tells; empty where it tells nothing, which counts as another boot.</value>
    public string BootId { get; init; } = ReadBootId();

    private static string ReadBootId()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Not a Linux, or a container without /proc: every unclean stop is then treated as a power loss, which is safe.
            return "";
        }
    }
}

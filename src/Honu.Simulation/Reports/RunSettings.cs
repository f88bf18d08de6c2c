using System.Buffers.Binary;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Honu.Replication;

namespace Honu.Simulation;

/// <summary>All that decides the result of a run beside its design and seed. Results are comparable, and need not be computed again, when these are equal.</summary>
/// <param name="Program">The program's version: another one may give other results.</param>
/// <param name="Scenario">What happens.</param>
/// <param name="Latency">A hash over the regions and latencies.</param>
/// <param name="ReplicasPerRegion">Replicas in each region; <see langword="null"/> for the scenario's own number.</param>
/// <param name="WritersPerRegion">Replicas of each region that write.</param>
/// <param name="WarmUpMs">The time before the measurement.</param>
/// <param name="DurationMs">The measured time.</param>
/// <param name="WriteIntervalMs">Time between two writes of a writer; <see langword="null"/> for the scenario's own.</param>
/// <param name="Loss">The share of lost packets; <see langword="null"/> for the scenario's own.</param>
/// <param name="NamesRegions">Whether replicas are told their regions.</param>
/// <param name="SessionPauseMs">The time between two sessions.</param>
/// <param name="ValueBytes">Bytes of a value.</param>
public sealed record RunSettings(
    string Program, string Scenario, string Latency, int? ReplicasPerRegion, int WritersPerRegion, double WarmUpMs, double DurationMs, double? WriteIntervalMs, double? Loss,
    bool NamesRegions, double SessionPauseMs, int ValueBytes)
{
    private const int HashBytes = 8;

    /// <summary>The version of this program, with its commit where it was built from one, and a hash over the assemblies that decide what comes out: a build of changed code is another program.</summary>
    public static string ThisProgram { get; } = string.Concat(
        typeof(RunSettings).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown",
        ".",
        Convert.ToHexStringLower(SHA256.HashData(
            [.. new[] { typeof(HonuStore), typeof(Replica), typeof(RunSettings) }.SelectMany(static type => type.Module.ModuleVersionId.ToByteArray())]).AsSpan(0, HashBytes)));

    /// <summary>The settings of a run by this program.</summary>
    public static RunSettings Of(ExperimentOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new RunSettings(
            ThisProgram,
            options.Scenario,
            HashOf(options.Latency),
            options.ReplicasPerRegion,
            options.WritersPerRegion,
            options.WarmUp.TotalMilliseconds,
            options.Duration.TotalMilliseconds,
            options.WriteInterval?.TotalMilliseconds,
            options.Loss,
            options.NamesRegions,
            options.SessionPause.TotalMilliseconds,
            options.ValueBytes);
    }

    private static string HashOf(LatencyMatrix latency)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(double)];
        for (var from = 0; from < latency.Regions.Count; from++)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(latency.Regions[from] + "\n"));
            for (var to = 0; to < latency.Regions.Count; to++)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(number, latency.OneWayMs(from, to));
                hash.AppendData(number);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, HashBytes));
    }
}

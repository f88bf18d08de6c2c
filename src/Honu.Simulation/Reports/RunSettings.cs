using System.Buffers.Binary;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Honu.Replication;

namespace Honu.Simulation;

/// <summary>All that decides the result of a run beside its design and seed. Results are comparable, and need not be computed again, when these are equal.</summary>
/// <param name="Program">The program that made the result: another one may give other results.</param>
/// <param name="Latency">A hash over the regions and latencies.</param>
/// <param name="Options">The options, in words.</param>
public sealed record RunSettings(string Program, string Latency, string Options)
{
    private const int HashBytes = 8;

    /// <summary>The version of this program, with its commit where it was built from one, and a hash over the assemblies that decide what comes out: a build of changed code is another program.</summary>
    public static string ThisProgram { get; } = string.Concat(
        typeof(RunSettings).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown",
        ".",
        Hash(hash =>
        {
            foreach (var type in new[] { typeof(HonuStore), typeof(Replica), typeof(RunSettings) })
                hash.AppendData(type.Module.ModuleVersionId.ToByteArray());
        }));

    /// <summary>The settings of a run by this program.</summary>
    public static RunSettings Of(ExperimentOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);

        // The record names every option by itself, those too that it will have one day; design and seed stand beside the settings.
        var common = options with { Design = "", Seed = 0 };
        return new RunSettings(ThisProgram, Hash(hash => Append(hash, options.Latency)), common.ToString());
    }

    private static void Append(IncrementalHash hash, LatencyMatrix latency)
    {
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
    }

    private static string Hash(Action<IncrementalHash> append)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        append(hash);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, HashBytes));
    }
}

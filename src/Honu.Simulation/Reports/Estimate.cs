namespace Honu.Simulation;

/// <summary>A mean over seeds, with its 95 % interval by Student's t.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Low">Lower end of the interval; <see langword="null"/> with one seed, which says nothing about the spread.</param>
/// <param name="High">Upper end of the interval.</param>
public sealed record Estimate(double Mean, double? Low, double? High)
{
    private const double Normal = 1.959964;

    // 97.5 % points of Student's t for 1 to 10 degrees of freedom, where the series below is not good enough.
    private static readonly double[] FewDegrees = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281];

    /// <summary>Estimates the mean from independent values.</summary>
    /// <returns>The estimate; <see langword="null"/> without values.</returns>
    public static Estimate? Of(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count == 0)
            return null;
        var mean = values.Average();
        if (values.Count == 1)
            return new Estimate(mean, null, null);
        var deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        var half = StudentT(values.Count - 1) * deviation / Math.Sqrt(values.Count);
        return new Estimate(mean, mean - half, mean + half);
    }

    /// <summary>The 97.5 % point of Student's t.</summary>
    internal static double StudentT(int degrees)
    {
        if (degrees <= FewDegrees.Length)
            return FewDegrees[degrees - 1];

        // Cornish and Fisher's expansion around the normal distribution: right to three decimals from 11 degrees on.
        const double z = Normal;
        double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z, n = degrees;
        return z + ((z3 + z) / (4 * n)) + (((5 * z5) + (16 * z3) + (3 * z)) / (96 * n * n)) + (((3 * z7) + (19 * z5) + (17 * z3) - (15 * z)) / (384 * n * n * n));
    }
}

namespace Honu.Simulation;

/// <summary>Values in their order.</summary>
internal sealed class Distribution
{
    private readonly double[] _values;

    public Distribution(IEnumerable<double> values)
    {
        _values = [.. values];
        Array.Sort(_values);
    }

    /// <summary>The mean; 0 of no values.</summary>
    public double Mean => _values.Length == 0 ? 0 : _values.Average();

    /// <summary>The least value that so many do not exceed; 0 of no values.</summary>
    public double Quantile(double share) => _values.Length == 0 ? 0 : _values[Math.Clamp((int)Math.Ceiling(share * _values.Length) - 1, 0, _values.Length - 1)];

    /// <summary>The quantiles in steps of one hundredth, from the least value to the greatest; none of no values.</summary>
    public IReadOnlyList<double> Quantiles() => _values.Length == 0 ? [] : [.. Enumerable.Range(0, 101).Select(percent => Quantile(percent / 100.0))];
}

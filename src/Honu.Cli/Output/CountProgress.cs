namespace Honu.Cli.Output;

/// <summary>Shows a count as it grows, on the thread that counts.</summary>
internal sealed class CountProgress(Action<long, long> show) : IProgress<long>
{
    public void Report(long value) => show(value, value);
}

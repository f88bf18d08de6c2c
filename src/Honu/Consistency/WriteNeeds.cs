namespace Honu.Consistency;

/// <summary>What an asynchronous write waits for. One reference in <see cref="WriteOptions"/>, so that writes that wait for nothing do not carry it about.</summary>
/// <param name="AtLeast">Before the write.</param>
/// <param name="Replicas">After the write.</param>
/// <param name="Timeout">For each of the two.</param>
internal sealed record WriteNeeds(CausalToken? AtLeast, int Replicas, TimeSpan Timeout)
{
    public static readonly WriteNeeds None = new(AtLeast: null, Replicas: 0, TimeSpan.FromSeconds(10));
}

using Honu.Replication;

namespace Honu.Hosting.Tests.Hostile;

/// <summary>One thing that a hostile peer does.</summary>
/// <param name="Name">What it does, as the table has it.</param>
/// <param name="Expected">How the session may end: reasons of a refusal, a gRPC status, or <c>completed</c> for what is harmless; several are separated by <c>|</c>.</param>
/// <param name="Attack">Does it; the caller then listens for the end.</param>
internal sealed record HostileCase(string Name, string Expected, Func<HostilePeer, Task> Attack)
{
    /// <summary>How many objects the target holds.</summary>
    public int Objects { get; init; } = 40;

    /// <summary>What the target allows.</summary>
    public AccessGrants? Grants { get; init; }

    /// <summary>Whether the target takes rumors.</summary>
    public Dissemination Dissemination { get; init; } = Dissemination.Sessions;

    /// <summary>What has happened before the state is noted that must not change.</summary>
    public Func<HostileTarget, Task> Before { get; init; } = static _ => Task.CompletedTask;

    /// <summary>What of the state the case changes by design; the rest must stay.</summary>
    public Func<string, string> Ignoring { get; init; } = static state => state;

    public override string ToString() => Name;
}

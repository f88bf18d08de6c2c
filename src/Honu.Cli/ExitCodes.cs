namespace Honu.Cli;

/// <summary>What the command's exit codes mean. Scripts rely on them: they never change.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Internal = 1;
    public const int Usage = 2;
    public const int NotFound = 3;
    public const int Locked = 4;
    public const int Corrupt = 5;
    public const int Unreachable = 6;
    public const int Refused = 7;

    /// <summary>Ended by a signal: 128 + SIGINT, as shells have it.</summary>
    public const int Interrupted = 130;

    /// <summary>The table that every help page ends with.</summary>
    public const string Help =
        """
        Exit codes:
          0  ok
          1  internal error
          2  usage or bad input
          3  not found, or another version than expected
          4  the store is open elsewhere
          5  corrupt, or not a store
          6  unreachable or timed out
          7  refused (authentication, identity, cluster)
        """;
}

namespace Honu.Replication;

/// <summary>The peer did what it may not do: the session ends with the reason FORBIDDEN.</summary>
internal sealed class ForbiddenException(string message) : Exception(message);

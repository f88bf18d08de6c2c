namespace Honu.Grpc.InteropHost;

/// <summary>A case found something else than its description demands.</summary>
internal sealed class CaseFailedException(string message) : Exception(message);

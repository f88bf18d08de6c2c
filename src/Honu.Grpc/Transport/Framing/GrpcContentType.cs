namespace Honu.Grpc;

/// <summary>The content types of gRPC: <c>application/grpc</c>, alone or with <c>+proto</c> and the like.</summary>
internal static class GrpcContentType
{
    public const string Value = "application/grpc";

    public static bool Matches(string? contentType) =>
        contentType is not null && contentType.StartsWith(Value, StringComparison.OrdinalIgnoreCase) &&
        (contentType.Length == Value.Length || contentType[Value.Length] is '+' or ';');
}

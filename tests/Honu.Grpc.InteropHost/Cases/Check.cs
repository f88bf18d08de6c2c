using Grpc.Core;
using Grpc.Testing;

namespace Honu.Grpc.InteropHost;

/// <summary>What cases demand; all fail with <see cref="CaseFailedException"/>.</summary>
internal static class Check
{
    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new CaseFailedException($"{what}: expected {Show(expected)}, found {Show(actual)}.");
    }

    public static void Zeros(int size, Payload? payload, string what)
    {
        Equal(PayloadType.Compressable, payload?.Type, $"type of {what}");
        Equal(size, payload!.Body.Length, $"length of {what}");
        if (payload.Body.Span.ContainsAnyExcept((byte)0))
            throw new CaseFailedException($"{what} has bytes that are not zero.");
    }

    public static void Status(StatusCode code, string? detail, Status status)
    {
        if (status.StatusCode != code || (detail is not null && status.Detail != detail))
            throw new CaseFailedException($"Expected {code} {Show(detail)}, found {status.StatusCode} {Show(status.Detail)}.");
    }

    /// <summary>The status with which <paramref name="call"/> fails.</summary>
    public static async Task<Status> FailsAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (RpcException exception)
        {
            return exception.Status;
        }

        throw new CaseFailedException("The call succeeded and should not have.");
    }

    private static string Show<T>(T value) => value is string text ? $"\"{text}\"" : $"{value}";
}

using Grpc.Core;

namespace Honu.Grpc.Tests;

/// <summary>Every await of a test ends: a hang becomes a failure that names its line.</summary>
internal static class Guard
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static Task Guarded(this Task task) => task.WaitAsync(Limit);

    public static Task<T> Guarded<T>(this Task<T> task) => task.WaitAsync(Limit);

    public static Task<T> Guarded<T>(this AsyncUnaryCall<T> call) => call.ResponseAsync.WaitAsync(Limit);

    public static Task<T> Guarded<TRequest, T>(this AsyncClientStreamingCall<TRequest, T> call) => call.ResponseAsync.WaitAsync(Limit);

    public static Task<RpcException> FailureAsync(this Task task) => Assert.ThrowsAsync<RpcException>(() => task.WaitAsync(Limit));

    /// <summary>The status of a unary call that must fail.</summary>
    public static Task<RpcException> FailureAsync<T>(this AsyncUnaryCall<T> call) => call.ResponseAsync.FailureAsync();
}

using System.Collections.Concurrent;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>A handler that goes on after it has returned: the server has lent its HTTP stream to another call by then, which must not notice.</summary>
public sealed class LateUseTests
{
    [Fact]
    public async Task Reader_UsedAfterItsHandlerReturned_DoesNotTakeTheRequestsOfAnotherCall()
    {
        IAsyncStreamReader<EchoMessage>? late = null;
        var (begun, go) = (new SyncPoint(), new SyncPoint());
        await using var host = await EchoHost.StartAsync();
        host.Service.OnCollect = async (requests, _) =>
        {
            if (late is null)
            {
                late = requests;
                while (await requests.MoveNext())
                {
                }

                return new EchoMessage();
            }

            begun.Reach();
            await go.Task;
            var sum = 0;
            while (await requests.MoveNext())
                sum += requests.Current.Number;
            return new EchoMessage { Number = sum };
        };
        var client = host.Client();
        using (var first = client.Collect())
        {
            await first.RequestStream.CompleteAsync().Guarded();
            await first.Guarded();
        }

        await host.Requests.WhenAsync(gauge => gauge.Now == 0).Guarded();
        using var second = client.Collect();
        await second.RequestStream.WriteAsync(new EchoMessage { Number = 7 }).Guarded();
        await begun.Task.Guarded();

        var read = await Record.ExceptionAsync(() => late!.MoveNext().Guarded());
        go.Reach();
        await second.RequestStream.CompleteAsync().Guarded();

        Assert.True(read is OperationCanceledException or InvalidOperationException, $"It read {(read is null ? late!.Current.Number : null)}: {read}");
        Assert.Equal(7, (await second.Guarded()).Number);
    }

    [Fact]
    public async Task Reader_StillReadingWhenItsHandlerReturns_EndsWithTheCall()
    {
        Task<bool>? late = null;
        await using var host = await EchoHost.StartAsync();
        host.Service.OnDuplex = (requests, _, _) =>
        {
            late = requests.MoveNext();
            return Task.CompletedTask;
        };
        using var call = host.Client().Duplex();
        Assert.False(await call.ResponseStream.MoveNext().Guarded());
        await host.Requests.WhenAsync(gauge => gauge.Now == 0).Guarded();

        Assert.IsAssignableFrom<OperationCanceledException>(await Record.ExceptionAsync(() => late!.WaitAsync(TimeSpan.FromSeconds(3))));
    }

    [Fact]
    public async Task Context_AskedAfterItsHandlerReturned_DoesNotShowTheHeadersOfAnotherCall()
    {
        ServerCallContext? late = null;
        var (begun, go) = (new SyncPoint(), new SyncPoint());
        await using var host = await EchoHost.StartAsync();
        host.Service.OnUnary = async (request, context) =>
        {
            if (late is null)
            {
                late = context;
                return request;
            }

            begun.Reach();
            await go.Task;
            return request;
        };
        var client = host.Client();
        await client.UnaryAsync(new EchoMessage(), new Metadata { { "authorization", "first" } }).Guarded();
        await host.Requests.WhenAsync(gauge => gauge.Now == 0).Guarded();
        using var second = client.UnaryAsync(new EchoMessage(), new Metadata { { "authorization", "second" } });
        await begun.Task.Guarded();

        var shown = "";
        await Record.ExceptionAsync(() =>
        {
            shown = late!.RequestHeaders.GetValue("authorization");
            return Task.CompletedTask;
        });
        go.Reach();
        await second.Guarded();

        Assert.NotEqual("second", shown);
    }

    // A handler that waits for the first of several things leaves a read under way. The end of the requests completes that read at the very moment at
    // which the stream goes to the next call.
    [Fact]
    public async Task Reader_StillReadingWhenItsHandlerReturns_LeavesTheNextCallsAlone()
    {
        const int Requests = 5;
        var reads = new ConcurrentDictionary<string, int>();
        await using var host = await EchoHost.StartAsync();
        host.Service.OnDuplex = (requests, _, _) =>
        {
            _ = requests.MoveNext().ContinueWith(
                read => reads.AddOrUpdate(read.IsCompletedSuccessfully ? $"{read.Result}" : read.Exception?.InnerException?.GetType().Name ?? "cancelled", 1, (_, count) => count + 1), TaskScheduler.Default);
            return Task.CompletedTask;
        };
        host.Service.OnCollect = async (requests, _) =>
        {
            var count = 0;
            await foreach (var request in requests.ReadAllAsync())
                count++;
            return new EchoMessage { Number = count };
        };
        var client = host.Client();
        var failures = new ConcurrentQueue<string>();

        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                using var first = client.Duplex();
                await Record.ExceptionAsync(() => first.RequestStream.CompleteAsync());
                await Record.ExceptionAsync(() => first.ResponseStream.MoveNext().Guarded());

                using var second = client.Collect();
                var failure = await Record.ExceptionAsync(async () =>
                {
                    for (var sent = 0; sent < Requests; sent++)
                        await second.RequestStream.WriteAsync(new EchoMessage());
                    await second.RequestStream.CompleteAsync();
                    Assert.Equal(Requests, (await second.Guarded()).Number);
                });
                if (failure is not null)
                    failures.Enqueue(failure.Message);
            }
        }))).Guarded();

        Assert.True(
            failures.IsEmpty && host.Errors.IsEmpty && !reads.ContainsKey("True"),
            $"{failures.Count} calls failed: {string.Join(", ", failures.Take(3))}; reads: {string.Join(", ", reads)}; {host.Errors.FirstOrDefault()}");
    }
}

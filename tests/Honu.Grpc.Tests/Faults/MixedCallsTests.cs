using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;
using Xunit.Abstractions;

namespace Honu.Grpc.Tests;

/// <summary>
/// Calls of all four kinds at once, of random sizes, cancelled, late, slow, compressed, failing, and under a server that drains: every message arrives as
/// it was sent, in order, and every call ends with a status that what happened to it allows.
/// </summary>
public sealed class MixedCallsTests(ITestOutputHelper output)
{
    private const int Callers = 50;
    private const int MaxBodyBytes = 300 * 1024;

    private readonly ConcurrentQueue<string> _faults = [];
    private readonly ConcurrentDictionary<string, int> _ends = [];
    private volatile bool _draining;

    [Fact]
    public async Task Calls_OfAllKindsAtRandom_AreIntactAndEndAsTheyMust()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("HONU_SEED"), CultureInfo.InvariantCulture, out var given) ? given : 20260;
        var operations = int.TryParse(Environment.GetEnvironmentVariable("HONU_OPERATIONS"), CultureInfo.InvariantCulture, out var asked) ? asked : 600;
        output.WriteLine($"HONU_SEED={seed} HONU_OPERATIONS={operations}");
        EventHandler<UnobservedTaskExceptionEventArgs> unobserved = (_, args) => _faults.Enqueue($"unobserved: {args.Exception}");
        TaskScheduler.UnobservedTaskException += unobserved;
        try
        {
            var rounds = Math.Max(2, operations / 2000);
            for (var round = 0; round < rounds; round++)
                await RoundAsync(seed + (round * 1000), operations / rounds, round);

            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= unobserved;
        }

        output.WriteLine(string.Join(", ", _ends.OrderBy(end => end.Key).Select(end => $"{end.Key}: {end.Value}")));
        Assert.True(_faults.IsEmpty, $"seed {seed}: {_faults.Count} faults, such as {string.Join(Environment.NewLine, _faults.Take(5))}");
    }

    private async Task RoundAsync(int seed, int operations, int round)
    {
        _draining = false;
        var service = new EchoService { OnUnary = OnUnaryAsync, OnCollect = OnCollectAsync, OnExpand = OnExpandAsync, OnDuplex = OnDuplexAsync };
        await using var host = await EchoHost.StartAsync(
            service, new RpcServerOptions { Compression = round % 2 == 0 ? RpcCompression.None : RpcCompression.Gzip, DrainTimeout = TimeSpan.FromMilliseconds(50) });
        var plain = host.Client();
        var gzip = host.Client(new RpcChannelOptions { Compression = RpcCompression.Gzip });
        var left = operations;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(seed + caller);
            while (Interlocked.Decrement(ref left) >= 0)
                await CallAsync(random.Next(4) == 0 ? gzip : plain, random);
        }))).WaitAsync(TimeSpan.FromMinutes(3));

        // Some more, while the server goes.
        var last = Enumerable.Range(0, Callers).Select(caller => Task.Run(() => CallAsync(plain, new Random(seed - caller - 1)))).ToList();
        _draining = true;
        await host.StopAsync().Guarded();
        await Task.WhenAll(last).Guarded();
        await host.Requests.WhenAsync(gauge => gauge.Now == 0).Guarded();
        foreach (var error in host.Errors)
            _faults.Enqueue($"logged: {error}");
    }

    private async Task CallAsync(Echo.EchoClient client, Random random)
    {
        var kind = random.Next(4);
        var fate = (Fate)random.Next(6);
        var count = random.Next(1, 8);
        using var source = new CancellationTokenSource();
        var options = new CallOptions(cancellationToken: source.Token);
        if (fate == Fate.Late)
            options = options.WithDeadline(DateTime.UtcNow.AddMilliseconds(random.Next(1, 30)));
        if (fate == Fate.Cancelled)
            source.CancelAfter(random.Next(0, 20));
        var slow = fate == Fate.Slow;
        var plan = new EchoMessage { Text = $"{fate} {count} {random.Next()}" };
        var expected = fate == Fate.Failing ? StatusCode.Aborted : StatusCode.OK;
        var received = 0;
        var status = StatusCode.OK;
        try
        {
            switch (kind)
            {
                case 0:
                    var request = Fill(plan.Clone(), random, 0);
                    var answer = await client.UnaryAsync(request, options);
                    Check(answer, 0, "unary at client");
                    if (answer.Body != request.Body)
                        _faults.Enqueue("another body came back");
                    break;
                case 1:
                    using (var call = client.Collect(options))
                    {
                        for (var i = 0; i < count; i++)
                            await call.RequestStream.WriteAsync(Fill(plan.Clone(), random, i));
                        await call.RequestStream.CompleteAsync();
                        var sum = await call.ResponseAsync;
                        Check(sum, count, "collect at client");
                    }

                    break;
                case 2:
                    using (var call = client.Expand(plan, options))
                    {
                        while (await call.ResponseStream.MoveNext())
                        {
                            Check(call.ResponseStream.Current, received++, "expand at client");
                            if (slow)
                                await Task.Delay(2);
                            if (fate == Fate.Disposed && received == count / 2)
                                return;
                        }
                    }

                    if (received != count)
                        _faults.Enqueue($"{received} of {count} responses with OK, {plan.Text}");
                    break;
                default:
                    using (var call = client.Duplex(options))
                    {
                        var writing = WriteAllAsync(call.RequestStream, plan, new Random(random.Next()), count);
                        try
                        {
                            while (await call.ResponseStream.MoveNext())
                            {
                                Check(call.ResponseStream.Current, received++, "duplex at client");
                                if (slow)
                                    await Task.Delay(2);
                                if (fate == Fate.Disposed && received == count / 2)
                                {
                                    call.Dispose();
                                    break;
                                }
                            }
                        }
                        finally
                        {
                            await writing.Guarded();
                        }

                        if (fate == Fate.Disposed && received == count / 2)
                            return;
                        if (received != count)
                            _faults.Enqueue($"{received} of {count} duplex responses with OK, {plan.Text}");
                    }

                    break;
            }
        }
        catch (RpcException exception)
        {
            status = exception.StatusCode;
            var allowed = status == expected || (status == StatusCode.Cancelled && fate == Fate.Cancelled) || (status == StatusCode.DeadlineExceeded && fate == Fate.Late) ||
                (status == StatusCode.Unavailable && _draining);
            if (!allowed)
                _faults.Enqueue($"kind {kind} {fate}: {exception}");
            if (status == StatusCode.Aborted && fate == Fate.Failing && kind >= 2 && received != count / 2)
                _faults.Enqueue($"{received} instead of {count / 2} responses before the failure");
        }
        catch (Exception exception)
        {
            _faults.Enqueue($"kind {kind} {fate}: {exception}");
        }

        if (status == StatusCode.OK && expected != StatusCode.OK)
            _faults.Enqueue($"kind {kind} {fate} succeeded");
        _ends.AddOrUpdate($"{fate} {status}", 1, (_, old) => old + 1);
    }

    private static async Task WriteAllAsync(IClientStreamWriter<EchoMessage> requests, EchoMessage plan, Random random, int count)
    {
        try
        {
            for (var i = 0; i < count; i++)
                await requests.WriteAsync(Fill(plan.Clone(), random, i));
            await requests.CompleteAsync();
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            // The call is over; its reader sees why.
        }
    }

    private Task<EchoMessage> OnUnaryAsync(EchoMessage request, ServerCallContext context)
    {
        Check(request, 0, "unary at server");
        return Plan.Of(request).Fate == Fate.Failing ? throw new RpcException(new Status(StatusCode.Aborted, "as asked")) : Task.FromResult(request);
    }

    private async Task<EchoMessage> OnCollectAsync(IAsyncStreamReader<EchoMessage> requests, ServerCallContext context)
    {
        var count = 0;
        EchoMessage? last = null;
        await foreach (var request in requests.ReadAllAsync())
        {
            Check(request, count++, "collect at server");
            last = request;
        }

        var plan = Plan.Of(last!);
        if (count != plan.Count)
            _faults.Enqueue($"{count} of {plan.Count} requests and then their end");
        return plan.Fate == Fate.Failing ? throw new RpcException(new Status(StatusCode.Aborted, "as asked")) : Fill(new EchoMessage(), new Random(plan.Seed), count);
    }

    private async Task OnExpandAsync(EchoMessage request, IServerStreamWriter<EchoMessage> responses, ServerCallContext context)
    {
        var plan = Plan.Of(request);
        var random = new Random(plan.Seed);
        for (var i = 0; i < plan.Count; i++)
        {
            if (plan.Fate == Fate.Failing && i == plan.Count / 2)
                throw new RpcException(new Status(StatusCode.Aborted, "as asked"));
            responses.WriteOptions = new WriteOptions((WriteFlags)random.Next(4));
            var writing = responses.WriteAsync(Fill(new EchoMessage(), random, i));
            if (i < plan.Count - 1 || plan.Fate == Fate.Failing)
                await writing;
        }
    }

    private async Task OnDuplexAsync(IAsyncStreamReader<EchoMessage> requests, IServerStreamWriter<EchoMessage> responses, ServerCallContext context)
    {
        var count = 0;
        await foreach (var request in requests.ReadAllAsync())
        {
            var plan = Plan.Of(request);
            if (plan.Fate == Fate.Failing && count == plan.Count / 2)
                throw new RpcException(new Status(StatusCode.Aborted, "as asked"));
            Check(request, count++, "duplex at server");
            await responses.WriteAsync(request);
        }
    }

    private static EchoMessage Fill(EchoMessage message, Random random, int index)
    {
        var bytes = new byte[random.Next(3) == 0 ? random.Next(MaxBodyBytes) : random.Next(2000)];
        if (random.Next(2) == 0)
            random.NextBytes(bytes);
        message.Body = UnsafeByteOperations.UnsafeWrap(bytes);
        message.Number = Sum(bytes) ^ index;
        return message;
    }

    private void Check(EchoMessage message, int index, string where)
    {
        if (message.Number != (Sum(message.Body.Span) ^ index))
            _faults.Enqueue($"a damaged message {index} of {message.Body.Length} bytes, {where}");
    }

    private static int Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 17ul + (ulong)bytes.Length;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
            sum = (sum * 0x9E3779B97F4A7C15) ^ word ^ (sum >> 29);
        foreach (var rest in bytes[(bytes.Length & ~7)..])
            sum = (sum * 31) + rest;
        return (int)(sum ^ (sum >> 32));
    }

    private enum Fate
    {
        Plain,
        Slow,
        Failing,
        Cancelled,
        Late,
        Disposed,
    }

    private sealed record Plan(Fate Fate, int Count, int Seed)
    {
        public static Plan Of(EchoMessage message) => message.Text.Split(' ') is [var fate, var count, var seed]
            ? new(Enum.Parse<Fate>(fate), int.Parse(count, CultureInfo.InvariantCulture), int.Parse(seed, CultureInfo.InvariantCulture))
            : throw new ArgumentException($"\"{message.Text}\" is no plan.", nameof(message));
    }
}

using System.Diagnostics;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc;
using Honu.GrpcBenchmarks.Protos;

namespace Honu.GrpcBenchmarks;

/// <summary>The client's role: runs one scenario over one connection and prints one line of JSON.</summary>
internal sealed class BenchClient(Arguments arguments, Bench.BenchClient client)
{
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(0.1);

    private readonly string _scenario = arguments.Required("scenario");
    private readonly TimeSpan _warmup = TimeSpan.FromSeconds(arguments.Number("warmup", 1));
    private readonly TimeSpan _seconds = TimeSpan.FromSeconds(arguments.Number("seconds", 2));
    private readonly int _size = arguments.Int("size", 100);
    private readonly int _concurrency = arguments.Int("concurrency", 1);
    private readonly bool _hint = arguments.Switch("hint");
    private readonly Message _message = new() { Payload = UnsafeByteOperations.UnsafeWrap(new byte[arguments.Int("size", 100)]) };
    private readonly List<long>[] _latencies = [.. Enumerable.Range(0, arguments.Int("concurrency", 1)).Select(_ => new List<long>(1 << 16))];
    private readonly long[] _counts = new long[arguments.Int("concurrency", 1)];
    private long _serverAllocatedBytes;
    private volatile Phase _phase;

    private enum Phase
    {
        Settle,
        Measure,
        Stop,
    }

    public static async Task RunAsync(Arguments arguments)
    {
        using var channel = RpcChannel.ForAddress($"http://{arguments.Required("address")}");
        await new BenchClient(arguments, new Bench.BenchClient(channel)).RunAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        await MeasureAsync(_warmup).ConfigureAwait(false);
        if (!arguments.Switch("interactive"))
        {
            Print(await MeasureAsync(_seconds).ConfigureAwait(false));
            return;
        }

        // One round for each line, so that the rounds of several warm clients can take turns.
        Console.WriteLine("ready");
        while (await Console.In.ReadLineAsync().ConfigureAwait(false) is not null)
            Print(await MeasureAsync(_seconds).ConfigureAwait(false));
    }

    private Func<int, Task> Work() => _scenario switch
    {
        "unary" => UnaryAsync,
        "pingpong" => PingPongAsync,
        "serverstream" => ServerStreamAsync,
        "clientstream" => ClientStreamAsync,
        "flood" => FloodAsync,
        _ => throw new InvalidOperationException($"There is no scenario \"{_scenario}\"."),
    };

    private void Print(Result result)
    {
        var latencies = _latencies.SelectMany(list => list).Order().ToArray();
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["impl"] = "honu",
            ["scenario"] = _scenario,
            ["size"] = _size,
            ["concurrency"] = _concurrency,
            ["hint"] = _hint,
            ["operations"] = result.Operations,
            ["opsPerSecond"] = result.Operations / Stopwatch.GetElapsedTime(result.Start.Timestamp, result.End.Timestamp).TotalSeconds,
            ["p50us"] = Quantile(latencies, 0.5),
            ["p99us"] = Quantile(latencies, 0.99),
            ["p999us"] = Quantile(latencies, 0.999),
            ["cpuMs"] = (result.End.Cpu - result.Start.Cpu).TotalMilliseconds,
            ["allocatedBytesPerOp"] = (double)(result.End.AllocatedBytes - result.Start.AllocatedBytes) / result.Operations,
            // Each call of many would count what the others allocated.
            ["serverAllocatedBytesPerOp"] = _serverAllocatedBytes > 0 && _concurrency == 1 ? (double)_serverAllocatedBytes / result.Operations : null,
            ["collections"] = result.End.Collections - result.Start.Collections,
        }));
    }

    private static double? Quantile(long[] sorted, double q) =>
        sorted.Length == 0 ? null : Stopwatch.GetElapsedTime(0, sorted[(int)(q * (sorted.Length - 1))]).TotalMicroseconds;

    // Operations that end within the window count. Where the client sends, whole calls do, from their begin until the other side has confirmed all
    // messages: what lies in buffers is neither gained nor lost.
    private async Task<Result> MeasureAsync(TimeSpan length)
    {
        Array.Clear(_counts);
        Array.ForEach(_latencies, list => list.Clear());
        _serverAllocatedBytes = 0;
        var whole = _scenario is "clientstream" or "flood";
        _phase = whole ? Phase.Measure : Phase.Settle;
        var running = whole ? null : Start();
        if (running is not null)
            await Task.WhenAny(running, Task.Delay(SettleTime)).ConfigureAwait(false);

        Console.WriteLine("measuring");
        var start = Sample.Take();
        _phase = Phase.Measure;
        running ??= Start();
        await Task.WhenAny(running, Task.Delay(length)).ConfigureAwait(false);
        _phase = Phase.Stop;
        if (whole)
            await running.ConfigureAwait(false);
        var end = Sample.Take();
        await running.ConfigureAwait(false);
        return new Result(_counts.Sum(), start, end);
    }

    private Task Start()
    {
        var work = Work();
        return Task.WhenAll(Enumerable.Range(0, _concurrency).Select(index => Task.Run(() => work(index))));
    }

    private async Task UnaryAsync(int index)
    {
        while (_phase != Phase.Stop)
        {
            var start = Stopwatch.GetTimestamp();
            using var call = client.UnaryAsync(_message);
            Check(await call.ResponseAsync.ConfigureAwait(false));
            Record(index, start);
        }
    }

    private async Task PingPongAsync(int index)
    {
        using var call = client.Bidi();
        while (_phase != Phase.Stop)
        {
            var start = Stopwatch.GetTimestamp();
            await call.RequestStream.WriteAsync(_message).ConfigureAwait(false);
            await MoveNextAsync(call.ResponseStream).ConfigureAwait(false);
            Check(call.ResponseStream.Current);
            Record(index, start);
        }

        await call.RequestStream.CompleteAsync().ConfigureAwait(false);
        if (await call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
            throw new InvalidOperationException("A message more than was sent came back.");
    }

    private async Task ServerStreamAsync(int index)
    {
        using var call = client.ServerStream(new StreamRequest { Size = _size }, Headers());
        while (_phase != Phase.Stop)
        {
            await MoveNextAsync(call.ResponseStream).ConfigureAwait(false);
            Check(call.ResponseStream.Current);
            if (_phase == Phase.Measure)
                _counts[index]++;
        }
    }

    private async Task ClientStreamAsync(int index)
    {
        using var call = client.ClientStream(Headers());
        var sent = await SendAsync(call.RequestStream).ConfigureAwait(false);
        var summary = await call.ResponseAsync.ConfigureAwait(false);
        if (summary.Messages != sent || summary.Bytes != sent * _size)
            throw new InvalidOperationException($"{sent} messages of {_size} bytes were sent, {summary.Messages} with {summary.Bytes} bytes arrived.");

        _counts[index] += sent;
        Interlocked.Add(ref _serverAllocatedBytes, summary.AllocatedBytes);
    }

    private async Task FloodAsync(int index)
    {
        using var call = client.Bidi(Headers());
        var sending = Task.Run(() => SendAsync(call.RequestStream));
        var received = 0L;
        while (await call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
        {
            Check(call.ResponseStream.Current);
            received++;
        }

        if (await sending.ConfigureAwait(false) is var sent && sent != received)
            throw new InvalidOperationException($"{sent} messages were sent, {received} came back.");

        _counts[index] += received;
    }

    private async Task<long> SendAsync(IClientStreamWriter<Message> stream)
    {
        if (_hint)
            stream.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
        var sent = 0L;
        do
        {
            await stream.WriteAsync(_message).ConfigureAwait(false);
            sent++;
        }
        while (_phase != Phase.Stop);
        await stream.CompleteAsync().ConfigureAwait(false);
        return sent;
    }

    private Metadata Headers() => _hint ? new Metadata { { "bench-hint", "1" } } : [];

    private static async Task MoveNextAsync(IAsyncStreamReader<Message> stream)
    {
        if (!await stream.MoveNext(CancellationToken.None).ConfigureAwait(false))
            throw new InvalidOperationException("The server ended the stream.");
    }

    private void Check(Message message)
    {
        if (message.Payload.Length != _size)
            throw new InvalidOperationException($"A message of {message.Payload.Length} bytes came back; {_size} were expected.");
    }

    private void Record(int index, long start)
    {
        if (_phase != Phase.Measure)
            return;

        _latencies[index].Add(Stopwatch.GetTimestamp() - start);
        _counts[index]++;
    }

    private sealed record Sample(long Timestamp, TimeSpan Cpu, long AllocatedBytes, int Collections)
    {
        public static Sample Take() => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(), GC.CollectionCount(0));
    }

    private sealed record Result(long Operations, Sample Start, Sample End);
}

using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Peers;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>
/// The process of the server is killed (SIGKILL) while a call of each kind is in a phase: each call ends with UNAVAILABLE, and its channel works again as
/// soon as a new process listens.
/// </summary>
public sealed class KilledServerTests
{
    // More than all windows take, so that the rest of the message cannot leave.
    private const int LargeRequestBytes = 16 * 1024 * 1024;

    [Theory]
    [InlineData(CallPhase.BeforeHead)]
    [InlineData(CallPhase.MidRequest)]
    [InlineData(CallPhase.AfterHeaders)]
    [InlineData(CallPhase.MidResponse)]
    [InlineData(CallPhase.BetweenMessages)]
    [InlineData(CallPhase.BeforeStatus)]
    public async Task Server_KilledInThisPhase_IsUnavailableAndTheChannelsGoOn(CallPhase phase)
    {
        using var killed = await PeerProcess.ServeAsync();
        var kinds = Enum.GetValues<CallKind>();
        var channels = kinds.ToDictionary(kind => kind, _ => RpcChannel.ForAddress(killed.Address));
        var clients = channels.ToDictionary(pair => pair.Key, pair => new Echo.EchoClient(pair.Value));
        var ends = kinds.ToDictionary(kind => kind, kind => BeginAsync(clients[kind], kind, phase));
        foreach (var _ in kinds)
            await killed.HearAsync("reached");
        var proofs = await Task.WhenAll(ends.Values).Guarded();

        await killed.KillAsync();
        var failures = await Task.WhenAll(proofs.SelectMany(proof => proof).Select(end => end.FailureAsync())).Guarded();
        using var next = await PeerProcess.ServeAsync(killed.Port);

        Assert.All(failures, failure => Assert.Equal(StatusCode.Unavailable, failure.StatusCode));
        foreach (var kind in kinds)
        {
            Assert.Equal(5, await EchoAsync(clients[kind], kind));
            channels[kind].Dispose();
        }
    }

    // Brings a call into the phase and gives all that waits in it.
    private static async Task<Task[]> BeginAsync(Echo.EchoClient client, CallKind kind, CallPhase phase)
    {
        var options = new CallOptions([new("phase", phase.ToString())]);
        var request = new EchoMessage { Body = ByteString.CopyFrom(new byte[phase == CallPhase.MidRequest ? LargeRequestBytes : 0]), Number = 1 };
        switch (kind)
        {
            case CallKind.Unary:
                var unary = client.UnaryAsync(request, options);
                await HeadAsync(phase, unary.ResponseHeadersAsync);
                return [unary.ResponseAsync];
            case CallKind.Expand:
                var expand = client.Expand(request, options);
                await HeadAsync(phase, expand.ResponseHeadersAsync);
                return [await ReadAsync(expand.ResponseStream, phase)];
            case CallKind.Collect:
                var collect = client.Collect(options);
                var collected = await WriteAsync(collect.RequestStream, request, phase);
                await HeadAsync(phase, collect.ResponseHeadersAsync);
                return [collect.ResponseAsync, .. collected];
            default:
                var duplex = client.Duplex(options);
                var written = await WriteAsync(duplex.RequestStream, request, phase);
                await HeadAsync(phase, duplex.ResponseHeadersAsync);
                return [await ReadAsync(duplex.ResponseStream, phase), .. written];
        }
    }

    private static Task HeadAsync(CallPhase phase, Task<Metadata> headers) => phase is CallPhase.BeforeHead or CallPhase.MidRequest ? Task.CompletedTask : headers.Guarded();

    private static async Task<Task[]> WriteAsync(IClientStreamWriter<EchoMessage> requests, EchoMessage request, CallPhase phase)
    {
        var write = requests.WriteAsync(request);
        if (phase == CallPhase.MidRequest)
            return [write];

        await write.Guarded();
        if (phase == CallPhase.BeforeStatus)
            await requests.CompleteAsync().Guarded();
        return [];
    }

    private static async Task<Task> ReadAsync(IAsyncStreamReader<EchoMessage> responses, CallPhase phase)
    {
        if (phase is CallPhase.BetweenMessages or CallPhase.BeforeStatus)
        {
            Assert.True(await responses.MoveNext().Guarded());
            Assert.Equal(7, responses.Current.Number);
        }

        return responses.MoveNext();
    }

    private static async Task<int> EchoAsync(Echo.EchoClient client, CallKind kind)
    {
        var request = new EchoMessage { Number = 5 };
        switch (kind)
        {
            case CallKind.Unary:
                return (await client.UnaryAsync(request).Guarded()).Number;
            case CallKind.Collect:
                using (var call = client.Collect())
                {
                    await call.RequestStream.WriteAsync(request).Guarded();
                    await call.RequestStream.CompleteAsync().Guarded();
                    return (await call.Guarded()).Number;
                }

            case CallKind.Expand:
                using (var call = client.Expand(request))
                {
                    var count = 0;
                    while (await call.ResponseStream.MoveNext().Guarded())
                        count++;
                    return count;
                }

            default:
                using (var call = client.Duplex())
                {
                    await call.RequestStream.WriteAsync(request).Guarded();
                    Assert.True(await call.ResponseStream.MoveNext().Guarded());
                    await call.RequestStream.CompleteAsync().Guarded();
                    var number = call.ResponseStream.Current.Number;
                    Assert.False(await call.ResponseStream.MoveNext().Guarded());
                    return number;
                }
        }
    }
}

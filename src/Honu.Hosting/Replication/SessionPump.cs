using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Honu.Replication;
using Honu.Replication.Messages;

namespace Honu.Hosting;

/// <summary>Moves the messages of one session between its two streams and the event loop.</summary>
/// <remarks>
/// What is to be sent waits in a queue that the core bounds (chunks by <see cref="ReplicaEvent.StreamWritable"/>, the rest is small).
/// Of what was received, the next message is read only when the loop has taken the last ones: a fast peer waits in its own window.
/// </remarks>
#pragma warning disable CA1001 // _waiting is never disposed: the loop may release it after the session has gone, and no wait handle is ever made of it.
internal sealed class SessionPump(SessionId session, ReplicaHost host, CancellationTokenSource cancellation)
#pragma warning restore CA1001
{
    private const int MaxWaitingMessages = 4;

    // Far more than a session has to say to a peer that listens. One that only asks must not fill the memory with answers.
    private const int MaxQueuedMessages = 256;

    private readonly Channel<SessionMessage> _outgoing = Channel.CreateUnbounded<SessionMessage>(new UnboundedChannelOptions { SingleReader = true });
    private int _queued;
    private readonly SemaphoreSlim _waiting = new(MaxWaitingMessages);

    public SessionId Session { get; } = session;

    /// <summary>Who opened the session, as far as the connection tells; <see langword="null"/> for an own one.</summary>
    public string? Caller { get; init; }

    /// <summary>Whether the other side has said anything.</summary>
    public bool HasReceived { get; private set; }

    public CancellationToken Cancellation => cancellation.Token;

    public void Send(SessionMessage message)
    {
        if (Interlocked.Increment(ref _queued) > MaxQueuedMessages)
            Abort();
        else
            _outgoing.Writer.TryWrite(message);
    }

    /// <summary>Nothing more will be sent.</summary>
    public void Close() => _outgoing.Writer.TryComplete();

    public void Abort()
    {
        _outgoing.Writer.TryComplete();
        try
        {
            cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call has ended already, and its source with it.
        }
    }

    /// <summary>Gives the session up if it has not ended by then.</summary>
    public void AbortAfter(TimeSpan delay) => cancellation.CancelAfter(delay);

    /// <summary>Writes what is sent until the session is closed.</summary>
    public async Task WriteAsync(IAsyncStreamWriter<SessionMessage> stream)
    {
        await foreach (var message in _outgoing.Reader.ReadAllAsync(Cancellation).ConfigureAwait(false))
        {
            await stream.WriteAsync(message, Cancellation).ConfigureAwait(false);
            Interlocked.Decrement(ref _queued);
            if (message.BodyCase is SessionMessage.BodyOneofCase.Chunk or SessionMessage.BodyOneofCase.RepairRecords)
                host.Post(new ReplicaEvent.StreamWritable(Session));
        }
    }

    /// <summary>Passes on what is received until the other side ends its stream.</summary>
    public async Task ReadAsync(IAsyncStreamReader<SessionMessage> stream)
    {
        while (await stream.MoveNext(Cancellation).ConfigureAwait(false))
        {
            HasReceived = true;
            await _waiting.WaitAsync(Cancellation).ConfigureAwait(false);
            var message = stream.Current;
            host.Post(new ReplicaEvent.MessageReceived(Session, message, ((IMessage)message).CalculateSize() + 5), _waiting);
        }
    }
}
